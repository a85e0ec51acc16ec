import { Failure } from "../failure.ts";

const steps = { auto: 2, patch: 2, minor: 1, major: 0 } as const;
export type Step = keyof typeof steps;

/** Strict semver without +build; what exactly it may be the service says. */
const semver = /^(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]+)?$/;

export function isStep(version: string): version is Step {
  if (Object.hasOwn(steps, version)) return true;
  if (!semver.test(version))
    throw new Failure(
      "usage",
      `"${version}" is no version: write major.minor.patch such as 1.2.0, or auto, patch, minor, major`,
    );
  return false;
}

export function isRelease(version: string): boolean {
  return !version.includes("-");
}

/** After the highest release; 1.0.0 where there is none. */
export function nextNumber(step: Step, highest: string | null): string {
  const found = highest === null ? null : semver.exec(highest);
  if (found === null) return "1.0.0";
  const numbers = found.slice(1, 4).map(Number);
  return numbers.map((number, at) => (at < steps[step] ? number : at === steps[step] ? number + 1 : 0)).join(".");
}
