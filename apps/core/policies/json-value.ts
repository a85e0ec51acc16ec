/** What an evaluation may do yet, in steps of some nanoseconds. */
export interface Work {
  left: number;
}

/** Keys that somebody has written, and none of those that JavaScript gives to every object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether two JSON values are the same; null where that is more work than there is left. Without recursion: a document may
 *  be as deep as JSON lets it. */
export function sameJson(one: unknown, other: unknown, work: Work): boolean | null {
  const left: [unknown, unknown][] = [[one, other]];
  for (let pair = left.pop(); pair !== undefined; pair = left.pop()) {
    const [a, b] = pair;
    work.left -= 1;
    if (work.left < 0) return null;
    if (Array.isArray(a) && Array.isArray(b)) {
      if (a.length !== b.length) return false;
      for (const [index, item] of a.entries()) left.push([item, b[index]]);
    } else if (isObject(a) && isObject(b)) {
      const keys = Object.keys(a);
      work.left -= keys.length;
      if (keys.length !== Object.keys(b).length) return false;
      for (const key of keys) {
        if (!Object.hasOwn(b, key)) return false;
        left.push([a[key], b[key]]);
      }
    } else if (a !== b) return false;
  }
  return true;
}

/** In characters, items or keys, as CEL's `size`; null of what has none. */
export function sizeOf(value: unknown, work: Work): number | null {
  if (Array.isArray(value)) return value.length;
  if (isObject(value)) {
    const { length } = Object.keys(value);
    work.left -= length;
    return length;
  }
  if (typeof value !== "string") return null;
  work.left -= Math.ceil(value.length / 10);
  let size = 0;
  for (const _ of value) size += 1;
  return size;
}

/** A number as JSON writes it, and nothing else: no `Infinity`, no hexadecimals, no spaces. */
export function numberOf(text: string): number | null {
  if (text.length > 100 || !/^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)) return null;
  const number = Number(text);
  return Number.isFinite(number) ? number : null;
}

const longestText = 60;

/** For a reason: short, whatever it is. */
export function sayValue(value: unknown): string {
  if (typeof value === "string")
    return value.length <= longestText ? JSON.stringify(value) : `${JSON.stringify(value.slice(0, longestText))}…`;
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  return isObject(value) ? "an object" : String(value);
}

const longestLine = 1_000;

/** One line that a terminal, a log and a database take: nothing in it moves the cursor or turns the direction of writing. */
export function oneLine(text: string): string {
  const cut = text.length <= longestLine ? text : `${text.slice(0, longestLine)}…`;
  return cut.toWellFormed().replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, " ");
}
