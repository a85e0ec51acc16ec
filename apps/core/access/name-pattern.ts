import { SlipwayError } from "#core/errors.ts";

/** Names of models that a right holds for: `*` for all, `churn` for one, `fraud.*` for the group of all names that
 *  begin with `fraud.`, however deep. */
export type NamePattern = string & { readonly namePattern: unique symbol };

export const everyName = "*" as NamePattern;

const part = "[a-z0-9]+(?:(?:_|-)[a-z0-9]+)*";
export const namePatternSource = `^(?:\\*|${part}(?:\\.${part})*(?:\\.\\*)?)$`;
export const namePatternLength = 130;
const source = new RegExp(namePatternSource);

export function parseNamePattern(text: string): NamePattern {
  if (text.length > namePatternLength || !source.test(text))
    throw new SlipwayError(
      "invalid_pattern",
      `"${text.slice(0, 200)}" is no pattern of names: write * for all, a model's name, or a group such as fraud.*`,
    );
  return text as NamePattern;
}

export function matches(pattern: NamePattern, name: string): boolean {
  if (pattern === everyName) return true;
  return pattern.endsWith(".*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/** Whether every name that `inner` matches is one that `outer` matches. */
export function covers(outer: NamePattern, inner: NamePattern): boolean {
  return outer.endsWith("*") ? inner.startsWith(outer.slice(0, -1)) : inner === outer;
}

/** What a statement compares names with: whole names, and beginnings. */
export function comparands(patterns: readonly NamePattern[]): { names: string[]; beginnings: string[] } {
  const beginnings = patterns.filter((pattern) => pattern.endsWith("*")).map((pattern) => pattern.slice(0, -1));
  return { names: patterns.filter((pattern) => !pattern.endsWith("*")), beginnings };
}
