import { type BinaryNode, type ExpressionNode, pathText } from "./expression-node.ts";
import { sayValue } from "./json-value.ts";

/** Why there is no value. */
export interface EvaluationFault {
  reasons: readonly string[];
  /** Paths that are not there. */
  missing: readonly string[];
}

export type Result = { value: unknown } | EvaluationFault;

export function isFault(result: Result): result is EvaluationFault {
  return "reasons" in result;
}

export const tooMuch = fault("it compares more than a condition may: name a smaller part of the documents");

export function fault(reason: string): EvaluationFault {
  return { reasons: [reason], missing: [] };
}

export function both(one: EvaluationFault, other: EvaluationFault): EvaluationFault {
  const once = (texts: readonly string[]) => [...new Set(texts)];
  return {
    reasons: once([...one.reasons, ...other.reasons]),
    missing: once([...one.missing, ...other.missing]),
  };
}

/** Infinity can be had from JSON, by `1e999`. */
export function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

export function wrong(node: ExpressionNode, value: unknown, rule: string): EvaluationFault {
  return fault(`${operand(node, value)}, and ${rule}`);
}

export function wrongPair(
  { left, right, operator }: BinaryNode,
  one: unknown,
  other: unknown,
  isRight: (value: unknown) => boolean,
  wanted: string,
  name = operator,
): EvaluationFault {
  const operands = [
    ...(left.kind === "literal" && isRight(one) ? [] : [operand(left, one)]),
    ...(right.kind === "literal" && isRight(other) ? [] : [operand(right, other)]),
  ];
  return fault(`${operands.join(", ")}, and ${name} takes ${wanted}`);
}

export function operand(node: ExpressionNode, value: unknown): string {
  if (node.kind === "literal") return `there is ${sayValue(value)}`;
  return node.kind === "path" ? `${pathText(node.path)} is ${sayValue(value)}` : `${shown(node)} is ${sayValue(value)}`;
}

export function shown({ text }: ExpressionNode): string {
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`;
}
