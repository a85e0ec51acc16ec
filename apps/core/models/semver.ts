import { SlipwayError } from "#core/errors.ts";

/** A version as semver.org 2.0.0 §2 and §9 have it, without `+build`: at most 128 characters, each
 *  number at most 2^53 − 1. */
export type Semver = string & { readonly semver: unique symbol };

const number = "(?:0|[1-9]\\d*)";
const identifier = `(?:${number}|\\d*[a-zA-Z-][0-9a-zA-Z-]*)`;
export const semverPattern = `^${number}\\.${number}\\.${number}(?:-${identifier}(?:\\.${identifier})*)?$`;
export const semverLength = 128;

export function parseSemver(text: string): Semver {
  const fault = faultIn(text);
  if (fault !== null) throw new SlipwayError("invalid_version", `"${text.slice(0, 200)}" is no version: ${fault}`);
  return text as Semver;
}

export function isSemver(text: string): text is Semver {
  return faultIn(text) === null;
}

function faultIn(text: string): string | null {
  if (text.length > semverLength) return `at most ${semverLength} characters`;
  if (/^v\d/.test(text)) return `write it without the "v"`;
  if (text.includes("+"))
    return "build metadata (+…) is not taken: two builds of one version would differ by nothing else";
  if (!new RegExp(semverPattern).test(text))
    return "write major.minor.patch, with -pre.release where it is one (semver.org)";
  const { numbers, pre } = partsOf(text);
  const numeric = [...numbers, ...pre.filter((part) => /^\d+$/.test(part))];
  return numeric.every((part) => Number.isSafeInteger(Number(part))) ? null : "each number is at most 9007199254740991";
}

/** `1.10.0-rc.2` → numbers `1`, `10`, `0` and pre `rc`, `2`. */
export function partsOf(text: string): { numbers: string[]; pre: string[] } {
  const dash = text.indexOf("-");
  const [core, rest] = dash === -1 ? [text, ""] : [text.slice(0, dash), text.slice(dash + 1)];
  return { numbers: core.split("."), pre: rest === "" ? [] : rest.split(".") };
}

/** A key whose bytes order as versions do (semver.org §11):
 *
 *   1.10.0        → 0000000000000001.0000000000000010.0000000000000000~
 *   1.10.0-rc.2   → 0000000000000001.0000000000000010.0000000000000000!=rc!00000000000000002!
 *
 *  A release ends with `~`, after the `!` of its pre-releases. Identifiers end with `!`, before all
 *  they may hold, so that a longer list of equal ones is later. Numbers start with `0`, words with
 *  `=`, which is after the digits. */
export function semverKey(version: Semver): string {
  const { numbers, pre } = partsOf(version);
  const core = numbers.map((part) => part.padStart(16, "0")).join(".");
  if (pre.length === 0) return `${core}~`;
  const words = pre.map((part) => (/^\d+$/.test(part) ? `0${part.padStart(16, "0")}` : `=${part}`));
  return `${core}!${words.join("!")}!`;
}
