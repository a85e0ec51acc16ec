import type { ASTNode } from "@marcbachmann/cel-js";
import { SlipwayError } from "#core/errors.ts";
import { didYouMean, nearMisses } from "#core/packaging/near-miss.ts";
import type { ExpressionNode, FactPath } from "./expression-node.ts";

/** What is known of a version. */
const fields = [
  "version",
  "number",
  "format",
  "sizeBytes",
  "contentDigest",
  "imageDigest",
  "createdBy",
  "source",
  "sealedAt",
  "metadata",
  "signature",
  "proof",
  "checks",
];

const kindOfOperator = {
  "&&": "logic",
  "||": "logic",
  "==": "equality",
  "!=": "equality",
  "<": "order",
  "<=": "order",
  ">": "order",
  ">=": "order",
  "+": "arithmetic",
  "-": "arithmetic",
  "*": "arithmetic",
  "/": "arithmetic",
  "%": "arithmetic",
  in: "in",
} as const;

const functions = ["has", "size", "double", "startsWith", "endsWith", "contains"];
const matching = ["startsWith", "endsWith", "contains"];

/** Takes over of CEL what conditions have, and refuses the rest by its place. Throws `policy_invalid`. */
export function treeOf(ast: ASTNode): ExpressionNode {
  const text = ast.input.slice(ast.start, ast.end);
  switch (ast.op) {
    case "value":
      return { text, kind: "literal", value: literalOf(ast, ast.args) };
    case "id":
    case ".":
    case "[]":
      return { text, kind: "path", path: pathOf(ast) };
    case "list":
      return { text, kind: "list", items: ast.args.map(treeOf) };
    case "!_":
      return { text, kind: "not", of: treeOf(ast.args) };
    case "-_":
      return { text, kind: "minus", of: treeOf(ast.args) };
    case "?:": {
      const [condition, yes, no] = ast.args;
      return { text, kind: "choice", condition: treeOf(condition), yes: treeOf(yes), no: treeOf(no) };
    }
    case "call":
      return { text, ...callOf(ast, ast.args[0], ast.args[1]) };
    case "rcall":
      return { text, ...callOf(ast, ast.args[0], [ast.args[1], ...ast.args[2]], true) };
    case "&&":
    case "||":
    case "==":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
    case "+":
    case "-":
    case "*":
    case "/":
    case "%":
    case "in": {
      const [left, right] = ast.args;
      return { text, kind: kindOfOperator[ast.op], operator: ast.op, left: treeOf(left), right: treeOf(right) };
    }
    default:
      throw refused(ast, "a condition has no maps and no optional fields");
  }
}

function literalOf(ast: ASTNode, value: unknown): null | boolean | number | string {
  if (typeof value === "bigint") {
    if (!Number.isSafeInteger(Number(value)))
      throw refused(ast, "whole numbers go up to 9007199254740991: JSON readers round larger ones");
    return Number(value);
  }
  if (value === null || typeof value === "boolean" || typeof value === "number" || typeof value === "string")
    return value;
  throw refused(ast, 'a value is a number, a text such as "onnx", true, false or null');
}

/** Each step of it is written down, so that what a condition looks at is known before it is evaluated. */
function pathOf(ast: ASTNode): FactPath {
  const keys: (string | number)[] = [];
  let inner = ast;
  while (inner.op === "." || inner.op === "[]") {
    keys.unshift(inner.op === "." ? inner.args[1] : keyOf(inner.args[1]));
    inner = inner.args[0];
  }
  if (inner.op !== "id") throw refused(inner, "fields are those of candidate and holder, and of nothing else");
  const root = inner.args;
  if (root !== "candidate" && root !== "holder")
    throw refused(
      inner,
      `"${root}" is neither candidate nor holder${didYouMean(nearMisses(root, ["candidate", "holder"]))}`,
    );
  const [field] = keys;
  if (typeof field !== "string" || !fields.includes(field)) {
    const meant = typeof field === "string" ? didYouMean(nearMisses(field, fields)) : "";
    const what =
      field === undefined ? `name a field of ${root}` : `${root} has no field ${JSON.stringify(field)}${meant}`;
    throw refused(ast, `${what}: there are ${fields.join(", ")}`);
  }
  return { root, keys };
}

function keyOf(ast: ASTNode): string | number {
  const key = ast.op === "value" ? literalOf(ast, ast.args) : null;
  if (typeof key === "string" || Number.isInteger(key)) return key as string | number;
  throw refused(
    ast,
    'write a key in brackets as a text (["unit-tests"]), and a place in a list as a whole number ([0])',
  );
}

type Call =
  | { kind: "has"; path: FactPath }
  | { kind: "size" | "double"; of: ExpressionNode }
  | { kind: "match"; operator: string; left: ExpressionNode; right: ExpressionNode };

/** `size(a)` and `a.size()` are the same. */
function callOf(ast: ASTNode, name: string, given: readonly ASTNode[], onValue = false): Call {
  const [first, second] = given;
  if (name === "has" && !onValue && first !== undefined && given.length === 1)
    return { kind: "has", path: pathOf(first) };
  if (name === "size" && first !== undefined && given.length === 1) return { kind: "size", of: treeOf(first) };
  if (name === "double" && !onValue && first !== undefined && given.length === 1)
    return { kind: "double", of: treeOf(first) };
  if (matching.includes(name) && onValue && first !== undefined && second !== undefined && given.length === 2)
    return { kind: "match", operator: name, left: treeOf(first), right: treeOf(second) };
  const forms = "has(path), size(value), double(text), text.startsWith(text), text.endsWith(text), text.contains(text)";
  const meant = functions.includes(name) ? "" : didYouMean(nearMisses(name, functions));
  throw refused(ast, `"${name}" cannot be called like this${meant}: there are ${forms}`);
}

function refused({ input, start }: ASTNode, message: string): SlipwayError {
  return refusedAt(input, start, message);
}

/** `offset` in UTF-16 units, as the parser counts. */
export function refusedAt(text: string, offset: number, message: string): SlipwayError {
  return new SlipwayError("policy_invalid", `at character ${[...text.slice(0, offset)].length + 1}: ${message}`);
}
