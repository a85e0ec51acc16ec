import { Environment, ParseError } from "@marcbachmann/cel-js";
import { SlipwayError } from "#core/errors.ts";
import { storable } from "#core/models/labels.ts";
import { evaluateNode, type Facts, factAt, workOfOne } from "./evaluate-node.ts";
import { isFault } from "./evaluation-fault.ts";
import { type ExpressionNode, type FactPath, pathsIn, pathText } from "./expression-node.ts";
import { refusedAt, treeOf } from "./expression-tree.ts";
import { oneLine, sayValue } from "./json-value.ts";

/** A condition in CEL's grammar (cel-spec, langdef.md), with JSON's numbers: docs/policies.md says what it has of CEL. */
export interface Expression {
  text: string;
  /** Whether `holder` is named. */
  namesHolder: boolean;
  /** All that are named, once, in order. */
  paths: readonly FactPath[];
  tree: ExpressionNode;
}

export interface Outcome {
  holds: boolean;
  /** One line, with the values that it was decided on. */
  reason: string;
  /** Paths that are named and not there, of those that made it fail, up to the first key that is missing:
   *  `candidate.checks.evaluation`. */
  missing: readonly string[];
}

const longest = 1_000;

/** The parser goes into brackets by recursion, and so does whoever reads what it gives. */
const grammar = new Environment({ limits: { maxAstNodes: 500, maxDepth: 32 } });

/** Throws `policy_invalid` with where, and what to change. */
export function parseExpression(text: string): Expression {
  if (text.length > longest)
    throw new SlipwayError(
      "policy_invalid",
      `an expression is at most ${longest} characters: make it several conditions`,
    );
  if (!storable(text)) throw new SlipwayError("policy_invalid", "an expression is Unicode without NUL characters");
  const tree = treeOf(read(text));
  const paths = pathsIn(tree);
  if (paths.length === 0)
    throw new SlipwayError(
      "policy_invalid",
      "it says the same of every version: name what it asks of candidate, such as candidate.metadata.metrics.auc >= 0.9",
    );
  return { text, namesHolder: paths.some(({ root }) => root === "holder"), paths, tree };
}

/** Never throws: what cannot be decided does not hold. */
export function evaluateExpression(
  { tree, paths }: Expression,
  facts: { candidate: Facts; holder: Facts | null },
): Outcome {
  const result = evaluateNode(tree, { facts, work: workOfOne() });
  if (isFault(result)) return { holds: false, reason: oneLine(result.reasons.join("; ")), missing: result.missing };
  if (typeof result.value !== "boolean") {
    const reason = `the expression gives ${sayValue(result.value)}, and a condition gives true or false`;
    return { holds: false, reason: oneLine(reason), missing: [] };
  }
  const values = paths.map((path) => {
    const { value, missing } = factAt(path, facts);
    return missing === null ? `${pathText(path)} is ${sayValue(value)}` : `${missing} is not there`;
  });
  return { holds: result.value, reason: oneLine([...new Set(values)].join(", ")), missing: [] };
}

function read(text: string): ReturnType<typeof grammar.parse>["ast"] {
  try {
    return grammar.parse(text).ast;
  } catch (error) {
    throw error instanceof ParseError ? misread(text, error) : refusedAt(text, 0, "it cannot be read");
  }
}

function misread(text: string, { code, range, summary }: ParseError): SlipwayError {
  const { start = 0, end = start } = range ?? {};
  if (code === "limit_exceeded") return refusedAt(text, start, "it is nested too deep: make it several conditions");
  if (code !== "unexpected_token" && code !== "expected_token" && code !== "unexpected_character")
    return refusedAt(text, start, oneLine(summary.charAt(0).toLowerCase() + summary.slice(1)));
  if (start >= text.length) return refusedAt(text, start, "something is missing at the end");
  return refusedAt(text, start, oneLine(`${JSON.stringify(text.slice(start, end))} cannot stand here`));
}
