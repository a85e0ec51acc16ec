import type { GivenApproval } from "#core/policies/judge.ts";
import type { Policy } from "#core/policies/policy.ts";
import type { Check } from "#core/promotion/checks.ts";
import type { Promotion } from "#core/promotion/promotion.ts";
import type { Evidence } from "#core/promotion/read-tags.ts";
import { time, timeOrNull } from "./times.ts";

export function promotionView({ approvals, ...promotion }: Promotion) {
  const { requestedAt, notBefore, waitsUntil, endedAt } = promotion;
  return {
    ...promotion,
    requestedAt: time(requestedAt),
    notBefore: timeOrNull(notBefore),
    waitsUntil: timeOrNull(waitsUntil),
    endedAt: timeOrNull(endedAt),
    approvals: approvals.map(approvalView),
  };
}

export function evidenceView({ approvals, ...evidence }: Evidence) {
  return { ...evidence, approvals: approvals.map(approvalView) };
}

export function policyView({ createdAt, endedAt, ...policy }: Policy) {
  return { ...policy, createdAt: time(createdAt), endedAt: timeOrNull(endedAt) };
}

export function checkView({ createdAt, ...check }: Check) {
  return { ...check, createdAt: time(createdAt) };
}

function approvalView({ at, ...approval }: GivenApproval) {
  return { ...approval, at: time(at) };
}
