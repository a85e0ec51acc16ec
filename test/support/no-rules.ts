import type { PolicyRules } from "#core/policies/policy.ts";

/** Those of a policy that asks for nothing, which the API does not take: tests add what they are about. */
export const noRules: PolicyRules = {
  proof: false,
  sameSignature: false,
  conditions: [],
  checks: [],
  approvals: null,
  soak: null,
  windows: [],
  freezes: [],
  copyTo: [],
  waitHours: 168,
};
