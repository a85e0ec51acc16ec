import { describe, expect, it } from "vitest";
import type { NamePattern } from "#core/access/name-pattern.ts";
import { noRules } from "#test/no-rules.ts";
import { type Case, type GivenApproval, judge } from "./judge.ts";
import type { PolicyRules } from "./policy.ts";
import { outcomeOf } from "./verdict.ts";
import type { VersionFacts } from "./version-facts.ts";

const now = new Date("2026-12-01T10:00:00Z"); // a Tuesday
const facts = (version: string, more: Partial<VersionFacts> = {}): VersionFacts => ({
  version,
  number: 1,
  format: "onnx",
  sizeBytes: 10,
  contentDigest: "sha256:c",
  imageDigest: "sha256:i",
  createdBy: "dev",
  source: null,
  sealedAt: "2026-11-30T00:00:00Z",
  metadata: {},
  signature: null,
  proof: null,
  checks: {},
  ...more,
});
const proof = (status: "pending" | "passed" | "failed" | "not_run") =>
  ({ status, checked: "prediction", coldStartMs: 1, latencyMs: null, memoryBytes: 1, tests: null }) as const;
const policyOf = (rules: Partial<PolicyRules>, id = "p1", tag = "prod") => ({
  id,
  models: "*" as NamePattern,
  tag,
  version: 1,
  rules: { ...noRules, ...rules },
  createdAt: now,
  createdBy: "administrator",
  endedAt: null,
});
const given = (rules: Partial<PolicyRules>, more: Partial<Case> = {}): Case => ({
  policies: [policyOf(rules)],
  candidate: facts("1.1.0"),
  holder: facts("1.0.0"),
  requestedBy: "ops",
  approvals: [],
  soaks: new Map(),
  breaksSignature: false,
  notBefore: null,
  now,
  ...more,
});
const verdictOf = (rules: Partial<PolicyRules>, more: Partial<Case> = {}) => {
  const [verdict] = judge(given(rules, more));
  return [verdict?.status, verdict?.reason, verdict?.holdsAt];
};

describe("a proof", () => {
  it.each([
    ["passed", proof("passed"), "passed"],
    ["pending", proof("pending"), "waiting"],
    ["failed", proof("failed"), "failed"],
    ["not run", proof("not_run"), "failed"],
    ["none", null, "failed"],
  ] as const)("that is %s", (_, found, status) => {
    expect(verdictOf({ proof: true }, { candidate: facts("1.1.0", { proof: found }) })[0]).toBe(status);
  });
});

describe("the same signature", () => {
  const signature = (type: string) => ({ inputs: [{ name: "x", type, shape: [-1] }], outputs: [] });
  const signed = (to: string | null, from: string | null, breaksSignature = false) =>
    verdictOf(
      { sameSignature: true },
      {
        candidate: facts("1.1.0", { signature: to === null ? null : signature(to) }),
        holder: facts("1.0.0", { signature: from === null ? null : signature(from) }),
        breaksSignature,
      },
    )[0];

  it("holds where it is, where nobody has the tag, and where a break is said", () => {
    expect(signed("f", "f")).toBe("passed");
    expect(signed("f", "d")).toBe("failed");
    expect(signed("f", null)).toBe("failed");
    expect(signed(null, null)).toBe("failed");
    expect(signed("f", "d", true)).toBe("passed");
    expect(verdictOf({ sameSignature: true }, { holder: null })[0]).toBe("passed");
  });
});

describe("approvals", () => {
  const by = (approver: string, more: Partial<GivenApproval> = {}): GivenApproval => ({
    approver,
    decision: "approved",
    roles: ["approver"],
    imageDigest: "sha256:i",
    policies: ["p1"],
    comment: "",
    at: now,
    ...more,
  });
  const two = { approvals: { count: 2, role: "approver" as const } };

  it.each([
    ["of two", [by("a"), by("b")], "passed"],
    ["of one", [by("a")], "waiting"],
    ["of the requester", [by("a"), by("ops")], "waiting"],
    ["of another image", [by("a"), by("b", { imageDigest: "sha256:j" })], "waiting"],
    ["under other policies", [by("a"), by("b", { policies: ["p0"] })], "waiting"],
    ["under fewer policies", [by("a"), by("b", { policies: [] })], "waiting"],
    ["under more policies", [by("a"), by("b", { policies: ["p1", "p2"] })], "waiting"],
    ["of another role", [by("a"), by("b", { roles: ["promoter"] })], "waiting"],
    ["that are a rejection", [by("a"), by("b", { decision: "rejected" })], "waiting"],
  ])("%s", (_, approvals, status) => {
    expect(verdictOf(two, { approvals })[0]).toBe(status);
  });
});

describe("a soak", () => {
  const hour = 3_600_000;
  const soaked = (longestMs: number, since: Date | null) =>
    verdictOf({ soak: { tag: "staging", hours: 24 } }, { soaks: new Map([["staging", { longestMs, since }]]) });

  it("has been long enough, goes on, or is not", () => {
    expect(soaked(24 * hour, null)[0]).toBe("passed");
    const since = new Date(now.getTime() - 4 * hour);
    expect([soaked(4 * hour, since)[0], soaked(4 * hour, since)[2]]).toEqual(["waiting", "2026-12-02T06:00:00.000Z"]);
    expect(soaked(23 * hour, null)[0]).toBe("failed");
    expect(verdictOf({ soak: { tag: "staging", hours: 24 } })[0]).toBe("failed");
  });
});

describe("a condition", () => {
  const on = (expression: string, more: Partial<Case> = {}, withoutHolder: "pass" | "fail" | null = null) =>
    verdictOf({ conditions: [{ expression, withoutHolder }] }, more)[0];

  it("decides, or waits for what may still come", () => {
    const candidate = facts("1.1.0", { metadata: { auc: 0.9 } });
    expect(on("candidate.metadata.auc > 0.8", { candidate })).toBe("passed");
    expect(on("candidate.metadata.auc > 0.95", { candidate })).toBe("failed");
    expect(on("candidate.metadata.f1 > 0.5", { candidate })).toBe("failed");
    expect(on("candidate.checks.scan.data.high == 0")).toBe("waiting");
    expect(on('candidate.checks["unit-tests"].status == "passed"')).toBe("waiting");
    const scanned = facts("1.1.0", { checks: { scan: { status: "passed", summary: "", data: {} } } });
    expect(on("candidate.checks.scan.data.high == 0", { candidate: scanned })).toBe("failed");
    expect(on("candidate.proof.latencyMs.p99 < 50", { candidate: facts("1.1.0", { proof: proof("pending") }) })).toBe(
      "waiting",
    );
    expect(on("candidate.proof.latencyMs.p99 < 50")).toBe("failed");
  });

  it("without a holder is what its rule says", () => {
    const compared = "candidate.number > holder.number";
    expect(on(compared, { holder: null }, "pass")).toBe("passed");
    expect(on(compared, { holder: null }, "fail")).toBe("failed");
  });

  it("that an older version took and this one does not read holds back", () => {
    expect(on("candidate.metadata.auc >")).toBe("failed");
  });
});

describe("times", () => {
  it("hold by windows, freezes and the time that was asked for", () => {
    const windows = [{ days: ["tue" as const], from: "09:00", to: "16:00", timeZone: "UTC" }];
    expect(verdictOf({ windows })[0]).toBe("passed");
    const evening = { now: new Date("2026-12-01T20:00:00Z") };
    expect([verdictOf({ windows }, evening)[0], verdictOf({ windows }, evening)[2]]).toEqual([
      "waiting",
      "2026-12-08T09:00:00.000Z",
    ]);
    const freezes = [{ from: "2026-12-01T00:00:00Z", to: "2026-12-03T00:00:00Z", reason: "year end" }];
    expect([verdictOf({ freezes })[0], verdictOf({ freezes })[2]]).toEqual(["waiting", "2026-12-03T00:00:00.000Z"]);
    const notBefore = new Date("2026-12-01T11:00:00Z");
    expect(verdictOf({}, { notBefore })[0]).toBe("waiting");
    expect(verdictOf({}, { notBefore, now: notBefore })[0]).toBe("passed");
  });
});

it("all policies hold together, and each thing that they ask for has a verdict", () => {
  const policies = [policyOf({ proof: true, checks: ["scan", "evaluation"] }), policyOf({ proof: true }, "p2", "*")];
  const candidate = facts("1.1.0", {
    proof: proof("passed"),
    checks: { scan: { status: "failed", summary: "2 high", data: {} } },
  });
  const verdicts = judge(given({}, { policies, candidate }));
  expect(verdicts.map(({ policy, rule, status }) => [policy?.id, rule, status])).toEqual([
    ["p1", "proof", "passed"],
    ["p1", "checks", "failed"],
    ["p1", "checks", "waiting"],
    ["p2", "proof", "passed"],
  ]);
  expect(verdicts[1]?.reason).toBe("the check scan of 1.1.0 has failed: 2 high");
  expect(outcomeOf(verdicts)).toBe("refused");
  expect(outcomeOf(verdicts.filter(({ status }) => status !== "failed"))).toBe("waits");
  expect(outcomeOf([])).toBe("moves");
});

it("a check by a name that objects have is not there", () => {
  expect(verdictOf({ checks: ["constructor"] })[0]).toBe("waiting");
});
