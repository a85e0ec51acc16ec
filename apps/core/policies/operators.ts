import { fault, isNumber, operand, type Result, shown, tooMuch, wrong, wrongPair } from "./evaluation-fault.ts";
import type { BinaryNode } from "./expression-node.ts";
import { isObject, sameJson, type Work } from "./json-value.ts";

/** Of two values, each of which has been evaluated. */
export function operate(node: BinaryNode, left: unknown, right: unknown, work: Work): Result {
  switch (node.kind) {
    case "equality": {
      const same = sameJson(left, right, work);
      return same === null ? tooMuch : { value: same === (node.operator === "==") };
    }
    case "order":
      return order(node, left, right);
    case "arithmetic":
      return arithmetic(node, left, right);
    case "in":
      return isIn(node, left, right, work);
    default:
      return match(node, left, right, work);
  }
}

function order(node: BinaryNode, left: unknown, right: unknown): Result {
  const areNumbers = isNumber(left) && isNumber(right);
  if (!areNumbers && !(typeof left === "string" && typeof right === "string"))
    return wrongPair(node, left, right, isNumber, "two numbers, or two texts");
  const [one, other] = [left as number, right as number]; // texts are compared by the same operators
  if (node.operator === "<") return { value: one < other };
  if (node.operator === "<=") return { value: one <= other };
  return { value: node.operator === ">" ? one > other : one >= other };
}

function arithmetic(node: BinaryNode, left: unknown, right: unknown): Result {
  if (!isNumber(left) || !isNumber(right)) return wrongPair(node, left, right, isNumber, "two numbers");
  if (right === 0 && (node.operator === "/" || node.operator === "%"))
    return fault(`${operand(node.right, right)}, and nothing can be divided by it`);
  const value = calculated(node.operator, left, right);
  return Number.isFinite(value) ? { value } : fault(`${shown(node)} is beyond all numbers`);
}

function calculated(operator: string, left: number, right: number): number {
  if (operator === "+") return left + right;
  if (operator === "-") return left - right;
  if (operator === "*") return left * right;
  return operator === "/" ? left / right : left % right;
}

function isIn(node: BinaryNode, left: unknown, right: unknown, work: Work): Result {
  if (Array.isArray(right)) {
    for (const item of right) {
      const same = sameJson(item, left, work);
      if (same === null) return tooMuch;
      if (same) return { value: true };
    }
    return { value: false };
  }
  if (!isObject(right)) return wrong(node.right, right, "in takes a list or an object on its right");
  if (typeof left !== "string") return wrong(node.left, left, "the keys of an object are texts");
  return { value: Object.hasOwn(right, left) };
}

/** A text is searched in steps that are as many as the two are long, at the worst. */
function match(node: BinaryNode, left: unknown, right: unknown, work: Work): Result {
  if (typeof left !== "string" || typeof right !== "string")
    return wrongPair(node, left, right, (value) => typeof value === "string", "texts", `${node.operator}()`);
  if (node.operator === "startsWith") return { value: left.startsWith(right) };
  if (node.operator === "endsWith") return { value: left.endsWith(right) };
  work.left -= Math.ceil((left.length * right.length) / 100);
  return work.left < 0 ? tooMuch : { value: left.includes(right) };
}
