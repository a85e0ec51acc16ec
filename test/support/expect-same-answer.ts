import { expect } from "vitest";

/** Equal, but for numbers that differ by less than 1e-6 of their size. */
export function expectSameAnswer(actual: unknown, expected: unknown): void {
  expect(rounded(actual, expected)).toEqual(expected);
}

/** `actual`, with each number that is near enough to the expected one replaced by it. */
function rounded(actual: unknown, expected: unknown): unknown {
  if (typeof actual === "number" && typeof expected === "number")
    return Math.abs(actual - expected) <= 1e-6 * Math.max(1, Math.abs(expected)) ? expected : actual;
  if (Array.isArray(actual) && Array.isArray(expected))
    return actual.map((value, index) => rounded(value, expected[index]));
  if (isObject(actual) && isObject(expected))
    return Object.fromEntries(Object.entries(actual).map(([key, value]) => [key, rounded(value, expected[key])]));
  return actual;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
