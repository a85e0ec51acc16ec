import { both, type EvaluationFault, isFault, isNumber, type Result, tooMuch, wrong } from "./evaluation-fault.ts";
import { type BinaryNode, type ExpressionNode, type FactPath, pathText } from "./expression-node.ts";
import { isObject, numberOf, sizeOf, type Work } from "./json-value.ts";
import { operate } from "./operators.ts";

/** A JSON document. */
export interface Facts {
  [name: string]: unknown;
}

export interface Scope {
  facts: { candidate: Facts; holder: Facts | null };
  work: Work;
}

/** Some hundredths of a second, whatever the facts are: documents may be compared that are of a megabyte each. */
export function workOfOne(): Work {
  return { left: 200_000 };
}

/** The value at a path, or the path up to the first key that is not there. Own properties alone count. */
export function factAt(path: FactPath, facts: Scope["facts"]): { value: unknown; missing: string | null } {
  let value: unknown = facts[path.root];
  if (value === null) return { value: null, missing: path.root };
  for (const [index, key] of path.keys.entries()) {
    const inner = innerValue(value, key);
    if (inner === undefined) return { value: null, missing: pathText(path, index + 1) };
    value = inner;
  }
  return { value, missing: null };
}

/** JSON has no `undefined`. */
function innerValue(value: unknown, key: string | number): unknown {
  if (typeof key === "number") return Array.isArray(value) ? value[key] : undefined;
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** Looks at each node once at most. */
export function evaluateNode(node: ExpressionNode, scope: Scope): Result {
  if (scope.work.left < 0) return tooMuch;
  switch (node.kind) {
    case "literal":
      return { value: node.value };
    case "path": {
      const { value, missing } = factAt(node.path, scope.facts);
      return missing === null ? { value } : { reasons: [`${missing} is not there`], missing: [missing] };
    }
    case "has":
      return { value: factAt(node.path, scope.facts).missing === null };
    case "list":
      return withAll(node.items, scope, (items) => ({ value: items }));
    case "not":
      return withAll([node.of], scope, ([value]) =>
        typeof value === "boolean" ? { value: !value } : wrong(node.of, value, "! takes true or false"),
      );
    case "minus":
      return withAll([node.of], scope, ([value]) =>
        isNumber(value) ? { value: -value } : wrong(node.of, value, "- takes a number"),
      );
    case "size":
      return withAll([node.of], scope, ([value]) => {
        const size = sizeOf(value, scope.work);
        return size === null ? wrong(node.of, value, "size() takes a text, a list or an object") : { value: size };
      });
    case "double":
      return withAll([node.of], scope, ([value]) => {
        const number = typeof value === "string" ? numberOf(value) : isNumber(value) ? value : null;
        return number === null
          ? wrong(node.of, value, 'double() takes a number, or one as text: "0.91"')
          : { value: number };
      });
    case "choice": {
      const condition = truth(node.condition, scope, "?:");
      if (isFault(condition)) return condition;
      return evaluateNode(condition.value ? node.yes : node.no, scope);
    }
    case "logic":
      return logic(node, scope);
    default:
      return withAll([node.left, node.right], scope, ([left, right]) => operate(node, left, right, scope.work));
  }
}

/** As CEL has it, whichever side it stands on: what one side decides, no fault of the other changes. */
function logic({ operator, left, right }: BinaryNode, scope: Scope): Result {
  const decisive = operator === "||";
  const one = truth(left, scope, operator);
  if (!isFault(one) && one.value === decisive) return one;
  const other = truth(right, scope, operator);
  if (!isFault(other) && other.value === decisive) return other;
  if (isFault(one)) return isFault(other) ? both(one, other) : one;
  return other;
}

function truth(node: ExpressionNode, scope: Scope, operator: string): { value: boolean } | EvaluationFault {
  const result = evaluateNode(node, scope);
  if (isFault(result)) return result;
  const { value } = result;
  return typeof value === "boolean" ? { value } : wrong(node, value, `${operator} takes true or false`);
}

/** All of them, or the faults of those that have none. */
function withAll(nodes: readonly ExpressionNode[], scope: Scope, then: (values: readonly unknown[]) => Result): Result {
  const values: unknown[] = [];
  let faults: EvaluationFault | null = null;
  for (const node of nodes) {
    const result = evaluateNode(node, scope);
    if (isFault(result)) faults = faults === null ? result : both(faults, result);
    else values.push(result.value);
  }
  return faults ?? then(values);
}
