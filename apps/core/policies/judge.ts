import { isDeepStrictEqual } from "node:util";
import { isSlipwayError } from "#core/errors.ts";
import { oneLine } from "./json-value.ts";
import { type Opening, openingAt } from "./opening.ts";
import type { Condition, Policy, PolicyRules } from "./policy.ts";
import { evaluateExpression, parseExpression } from "./rule-expression.ts";
import type { Rule, Verdict } from "./verdict.ts";
import type { VersionFacts } from "./version-facts.ts";

/** What somebody has said of a promotion, and of what. */
export interface GivenApproval {
  approver: string;
  decision: "approved" | "rejected";
  /** Those of the approving roles that the approver had then, and has. */
  roles: string[];
  /** Of the image that it is for, and the policies' versions that it was given under. */
  imageDigest: string;
  policies: string[];
  comment: string;
  at: Date;
}

/** How long a tag has pointed at the candidate. */
export interface Soak {
  /** Without a break, in the longest stretch. */
  longestMs: number;
  /** Since when it does; null where it does not now. */
  since: Date | null;
}

/** A move that is to be judged. */
export interface Case {
  /** All that hold for the tag. */
  policies: readonly Policy[];
  candidate: VersionFacts;
  /** The version that the tag is to leave, or that had it last; null where none ever had it. */
  holder: VersionFacts | null;
  requestedBy: string;
  approvals: readonly GivenApproval[];
  /** By the tags that policies name. */
  soaks: ReadonlyMap<string, Soak>;
  breaksSignature: boolean;
  notBefore: Date | null;
  now: Date;
}

type Finding = Pick<Verdict, "status" | "reason"> & { holdsAt?: Date | null };

/** One verdict for each thing that a policy asks for. */
export function judge(given: Case): Verdict[] {
  const scheduled = given.notBefore === null ? [] : [verdict(null, "schedule", schedule(given.notBefore, given.now))];
  return [...scheduled, ...given.policies.flatMap((policy) => judgeBy(policy, given))];
}

function judgeBy(policy: Policy, given: Case): Verdict[] {
  const { rules } = policy;
  const found: [Rule, Finding][] = [];
  if (rules.proof) found.push(["proof", proof(given)]);
  if (rules.sameSignature) found.push(["sameSignature", sameSignature(given)]);
  for (const each of rules.conditions) found.push(["conditions", condition(each, given)]);
  for (const name of rules.checks) found.push(["checks", check(name, given)]);
  if (rules.approvals !== null) found.push(["approvals", approvals(rules.approvals, given)]);
  if (rules.soak !== null) found.push(["soak", soak(rules.soak, given)]);
  const { windows, freezes } = rules;
  if (windows.length > 0) found.push(["windows", opening(openingAt({ windows, freezes: [] }, given.now))]);
  if (freezes.length > 0) found.push(["freezes", opening(openingAt({ windows: [], freezes }, given.now))]);
  return found.map(([rule, finding]) => verdict(policy, rule, finding));
}

function verdict(policy: Policy | null, rule: Rule, { status, reason, holdsAt = null }: Finding): Verdict {
  const named =
    policy === null ? null : { id: policy.id, models: policy.models, tag: policy.tag, version: policy.version };
  return { policy: named, rule, status, reason, holdsAt: holdsAt?.toISOString() ?? null };
}

function schedule(notBefore: Date, now: Date): Finding {
  const at = notBefore.toISOString();
  return now < notBefore
    ? { status: "waiting", reason: `put off until ${at}`, holdsAt: notBefore }
    : { status: "passed", reason: `put off until ${at}, which has come` };
}

function proof({ candidate: { version, proof } }: Case): Finding {
  if (proof === null)
    return { status: "failed", reason: `${version} was never tried: POST …/versions/${version}/proof` };
  if (proof.status === "passed")
    return { status: "passed", reason: `the ${proof.checked} of ${version} was tried, and passed` };
  if (proof.status === "pending") return { status: "waiting", reason: `${version} is being tried` };
  return {
    status: "failed",
    reason: `the proof of ${version} is ${proof.status}: GET …/versions/${version}/proof says why`,
  };
}

function sameSignature({ candidate, holder, breaksSignature }: Case): Finding {
  if (holder === null) return { status: "passed", reason: "no version has had the tag yet" };
  const [to, from] = [candidate.signature, holder.signature];
  const isSame = to !== null && from !== null && isDeepStrictEqual(to, from);
  if (isSame) return { status: "passed", reason: `the signature is that of ${holder.version}` };
  const unknown = [...(to === null ? [candidate.version] : []), ...(from === null ? [holder.version] : [])];
  const why =
    unknown.length > 0
      ? `the signature of ${unknown.join(" and of ")} is not known`
      : `the signature is another than that of ${holder.version}`;
  if (breaksSignature) return { status: "passed", reason: `${why}, and whoever asked has said that it may be` };
  return { status: "failed", reason: `${why}: ask with "breaksSignature": true if whoever calls it is ready for that` };
}

/** A check of which no result has come, and not a field of one that has. */
const absentCheck = /^candidate\.checks(?:\.\w+|\["[^"]*"\])?$/;

function condition({ expression, withoutHolder }: Condition, { candidate, holder }: Case): Finding {
  const shown = expression.length > 200 ? `${expression.slice(0, 200).toWellFormed()}…` : expression;
  if (withoutHolder !== null && holder === null)
    return {
      status: withoutHolder === "pass" ? "passed" : "failed",
      reason: `${shown}: no version has had the tag yet, and then it ${withoutHolder === "pass" ? "holds" : "does not hold"}`,
    };
  try {
    const facts = { candidate: { ...candidate }, holder: holder === null ? null : { ...holder } };
    const { holds, reason, missing } = evaluateExpression(parseExpression(expression), facts);
    const mayCome = (path: string) =>
      absentCheck.test(path) || (path.startsWith("candidate.proof") && candidate.proof?.status === "pending");
    const waits = !holds && missing.length > 0 && missing.every(mayCome);
    return { status: holds ? "passed" : waits ? "waiting" : "failed", reason: `${shown}: ${reason}` };
  } catch (error) {
    // One that an older Slipway took.
    if (isSlipwayError(error, "policy_invalid")) return { status: "failed", reason: `${shown}: ${error.message}` };
    throw error;
  }
}

function check(name: string, { candidate: { version, checks } }: Case): Finding {
  const result = Object.hasOwn(checks, name) ? checks[name] : undefined;
  if (result === undefined) return { status: "waiting", reason: `the check ${name} of ${version} has not come` };
  const said = result.summary === "" ? "" : `: ${oneLine(result.summary)}`;
  return { status: result.status, reason: `the check ${name} of ${version} has ${result.status}${said}` };
}

function approvals({ count, role }: NonNullable<PolicyRules["approvals"]>, given: Case): Finding {
  const others = given.approvals.filter(({ decision }) => decision === "approved");
  const valid = others.filter(
    (each) => isOfThis(each, given) && each.roles.includes(role) && each.approver !== given.requestedBy,
  );
  const voided = others.filter((each) => !isOfThis(each, given)).map(({ approver }) => approver);
  const without = others
    .filter((each) => isOfThis(each, given) && !each.roles.includes(role))
    .map(({ approver }) => approver);
  const idle = without.length === 0 ? "" : `; without that role: ${without.join(", ")}`;
  const by = valid.length === 0 ? "" : ` by ${valid.map(({ approver }) => approver).join(", ")}`;
  const gone =
    voided.length === 0 ? "" : `; given of something else than what stands now, and void: ${voided.join(", ")}`;
  return {
    status: valid.length >= count ? "passed" : "waiting",
    reason: `${valid.length} of ${count} approvals of the role ${role}${by}${idle}${gone}`,
  };
}

/** Of the image that is to have the tag, under just the policies that hold. */
function isOfThis(
  { imageDigest, policies }: Pick<GivenApproval, "imageDigest" | "policies">,
  given: { candidate: { imageDigest: string | null }; policies: readonly { id: string }[] },
): boolean {
  const held = given.policies.map(({ id }) => id);
  return (
    imageDigest === given.candidate.imageDigest &&
    policies.length === held.length &&
    held.every((id) => policies.includes(id))
  );
}

function soak({ tag, hours }: NonNullable<PolicyRules["soak"]>, { candidate: { version }, soaks, now }: Case): Finding {
  const { longestMs, since } = soaks.get(tag) ?? { longestMs: 0, since: null };
  const neededMs = hours * 3_600_000;
  const wanted = `${version} has to have been ${tag} for ${hours} h`;
  if (longestMs >= neededMs) return { status: "passed", reason: `${wanted}, and was for ${inHours(longestMs)} h` };
  if (since === null)
    return {
      status: "failed",
      reason: `${wanted}, and it is not: move ${tag} to it first (longest so far: ${inHours(longestMs)} h)`,
    };
  const holdsAt = new Date(since.getTime() + neededMs);
  return {
    status: "waiting",
    reason: `${wanted}: it will at ${holdsAt.toISOString()}`,
    holdsAt: holdsAt < now ? now : holdsAt,
  };
}

function inHours(ms: number): string {
  return (Math.floor(ms / 36_000) / 100).toString();
}

function opening({ open, opensAt, reason }: Opening): Finding {
  return { status: open ? "passed" : "waiting", reason, holdsAt: open ? null : opensAt };
}
