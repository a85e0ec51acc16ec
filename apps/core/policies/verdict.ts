import type { PolicyRules } from "./policy.ts";

/** What came of one thing that has to hold before a tag moves. */
export interface Verdict {
  /** The version of a policy that asks for it; null for the time that a promotion was put off to, and of a registry that is away. */
  policy: { id: string; models: string; tag: string; version: number } | null;
  rule: Rule;
  /** `waiting` where it may still come to hold by itself, or by what others do. */
  status: "passed" | "failed" | "waiting";
  /** In one line, with what was found. */
  reason: string;
  /** RFC 3339: when it holds by time alone; null where it does already, or not by time. */
  holdsAt: string | null;
}

export const rules = [
  "schedule",
  "registry",
  "proof",
  "sameSignature",
  "conditions",
  "checks",
  "approvals",
  "soak",
  "windows",
  "freezes",
] as const satisfies ("schedule" | "registry" | keyof PolicyRules)[];
export type Rule = (typeof rules)[number];

export type Outcome = "moves" | "waits" | "refused";

/** What all of them come to. */
export function outcomeOf(verdicts: readonly Verdict[]): Outcome {
  if (verdicts.some(({ status }) => status === "failed")) return "refused";
  return verdicts.some(({ status }) => status === "waiting") ? "waits" : "moves";
}
