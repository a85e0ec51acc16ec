import type { PolicyRules } from "./policy.ts";

/** What came of one rule of a policy. */
export interface Verdict {
  /** The policy's version that has it. */
  policy: { id: string; models: string; tag: string; version: number };
  rule: Exclude<keyof PolicyRules, "copyTo" | "waitHours">;
  /** `waiting` where it may still come to hold by itself, or by what others do. */
  status: "passed" | "failed" | "waiting";
  /** In one line, with what was found. */
  reason: string;
  /** RFC 3339: when it holds by time alone; null where it does already, or not by time. */
  holdsAt: string | null;
}
