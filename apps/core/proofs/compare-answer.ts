import type { Expect } from "#core/packaging/package-spec.ts";

/** As `numpy.allclose` has them: the same model on another processor differs in the last digits. */
const relative = 1e-5;
const absolute = 1e-8;

/** Where an answer first differs from what `expect` says, in one sentence; null where it does not. Of the answer itself
 *  only the keys that `expect` has are looked at; within them all has to be there, and nothing else. Whole numbers are
 *  the same or are not; others may differ by 1e-5 of the expected one. */
export function compareAnswer(answer: unknown, expect: Expect): string | null {
  if (!isObject(answer)) return "the answer is no JSON object";
  for (const [key, expected] of Object.entries(expect)) {
    if (!Object.hasOwn(answer, key)) return `the answer has no ${key}`;
    const difference = compare(answer[key], expected, key);
    if (difference !== null) return difference;
  }
  return null;
}

function compare(actual: unknown, expected: unknown, at: string): string | null {
  if (typeof expected === "number" && typeof actual === "number")
    return isNear(actual, expected) ? null : differ(actual, expected, at);
  if (Array.isArray(expected) && Array.isArray(actual)) {
    if (expected.length !== actual.length) return `${at} has ${actual.length} items, expect says ${expected.length}`;
    return first(expected.map((item, index) => () => compare(actual[index], item, `${at}[${index}]`)));
  }
  if (isObject(expected) && isObject(actual)) {
    const extra = Object.keys(actual).find((key) => !Object.hasOwn(expected, key));
    if (extra !== undefined) return `${at} has ${shown(extra)}, of which expect says nothing`;
    const missing = Object.keys(expected).find((key) => !Object.hasOwn(actual, key));
    if (missing !== undefined) return `${at} has no ${shown(missing)}`;
    return first(
      Object.entries(expected).map(
        ([key, item]) =>
          () =>
            compare(actual[key], item, `${at}.${key}`),
      ),
    );
  }
  return actual === expected ? null : differ(actual, expected, at);
}

function first(comparisons: (() => string | null)[]): string | null {
  for (const compareOne of comparisons) {
    const difference = compareOne();
    if (difference !== null) return difference;
  }
  return null;
}

function isNear(actual: number, expected: number): boolean {
  if (Number.isInteger(actual) && Number.isInteger(expected)) return actual === expected;
  return Math.abs(actual - expected) <= absolute + relative * Math.abs(expected);
}

function differ(actual: unknown, expected: unknown, at: string): string {
  return `${at} is ${shown(actual)}, expect says ${shown(expected)}`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
