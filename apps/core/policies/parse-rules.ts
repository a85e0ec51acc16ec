import { type Fault, isSlipwayError, SlipwayError } from "#core/errors.ts";
import { registryNameLength, registryNamePattern } from "#core/images/registries/registry-record.ts";
import { isTag, isTaken } from "#core/models/tag-grammar.ts";
import { checkFreeze, checkWindow } from "./check-times.ts";
import { type ApprovingRole, type Condition, type Freeze, type PolicyRules, type Window, weekdays } from "./policy.ts";
import { parseExpression } from "./rule-expression.ts";

/** A policy as it is written: what is left out is not asked for. */
export interface GivenRules {
  proof?: boolean | undefined;
  sameSignature?: boolean | undefined;
  conditions?: readonly { expression: string; withoutHolder?: Condition["withoutHolder"] | undefined }[] | undefined;
  checks?: readonly string[] | undefined;
  /** `approver` where no role is named. */
  approvals?: { count: number; role?: ApprovingRole | undefined } | null | undefined;
  soak?: PolicyRules["soak"] | undefined;
  windows?: readonly (Omit<Window, "days"> & { days: readonly Window["days"][number][] })[] | undefined;
  freezes?: readonly { from: string; to?: string | null | undefined; reason: string }[] | undefined;
  copyTo?: readonly string[] | undefined;
  waitHours?: number | undefined;
}

type Report = (where: string, message: string) => void;

export const checkNamePattern = "^[a-z0-9]+(?:[._-][a-z0-9]+)*$";
export const checkNameLength = 64;

/** Of each list of a policy. */
export const most = { conditions: 50, checks: 50, windows: 10, freezes: 50, copyTo: 10 } as const;
export const mostApprovals = 20;
const longestHours = 8_760;
const shortestHours = 0.01;

/** What the rules of a policy mean. `tag` is the one that it is for, where that is known, or `*`. Throws `policy_invalid` with
 *  everything that is wrong. */
export function parseRules(given: GivenRules, tag: string | null = null): PolicyRules {
  const rules = withDefaults(given);
  const faults: Fault[] = [];
  const report: Report = (where, message) => void faults.push({ where, message });
  for (const [name, limit] of Object.entries(most))
    if (rules[name as keyof typeof most].length > limit) report(`/${name}`, `at most ${limit}`);
  if (faults.length === 0) checkAll(rules, tag, report);
  if (faults.length > 0)
    throw new SlipwayError("policy_invalid", faults.map(({ where, message }) => `${where}: ${message}`).join("; "), {
      faults,
    });
  return rules;
}

function withDefaults(given: GivenRules): PolicyRules {
  const { conditions = [], approvals = null, windows = [], freezes = [] } = given;
  return {
    proof: given.proof ?? false,
    sameSignature: given.sameSignature ?? false,
    conditions: conditions.map(({ expression, withoutHolder = null }) => ({ expression, withoutHolder })),
    checks: [...(given.checks ?? [])],
    approvals: approvals === null ? null : { count: approvals.count, role: approvals.role ?? "approver" },
    soak: given.soak ?? null,
    windows: windows.map((window) => ({ ...window, days: weekdays.filter((day) => window.days.includes(day)) })),
    freezes: freezes.map(({ from, to = null, reason }): Freeze => ({ from, to, reason })),
    copyTo: [...(given.copyTo ?? [])],
    waitHours: given.waitHours ?? 168,
  };
}

function checkAll(rules: PolicyRules, tag: string | null, report: Report): void {
  const { conditions, checks, approvals, soak, windows, freezes, copyTo, waitHours } = rules;
  for (const [index, condition] of conditions.entries()) checkCondition(condition, `/conditions/${index}`, report);
  for (const [index, name] of checks.entries()) {
    if (name.length > checkNameLength || !new RegExp(checkNamePattern).test(name))
      report(
        `/checks/${index}`,
        `write lower-case letters and digits, in groups joined by ".", "_" or "-", at most ${checkNameLength}`,
      );
    if (checks.indexOf(name) < index) report(`/checks/${index}`, `${name} is there twice`);
  }
  if (
    approvals !== null &&
    !(Number.isInteger(approvals.count) && approvals.count >= 1 && approvals.count <= mostApprovals)
  )
    report("/approvals/count", `write a whole number from 1 to ${mostApprovals}`);
  if (soak !== null) checkSoak(soak, tag, report);
  for (const [index, window] of windows.entries()) checkWindow(window, `/windows/${index}`, report);
  for (const [index, freeze] of freezes.entries()) checkFreeze(freeze, `/freezes/${index}`, report);
  for (const [index, name] of copyTo.entries()) {
    if (name.length > registryNameLength || !new RegExp(registryNamePattern).test(name))
      report(
        `/copyTo/${index}`,
        "write the name of a registry: lower-case letters and digits, in groups joined by one '-'",
      );
    if (copyTo.indexOf(name) < index) report(`/copyTo/${index}`, `${name} is there twice`);
  }
  checkHours(waitHours, "/waitHours", report);
  if (asksForNothing(rules))
    report(
      "",
      "it asks for nothing: give it proof, sameSignature, conditions, checks, approvals, soak, windows, freezes or copyTo",
    );
}

function asksForNothing(rules: PolicyRules): boolean {
  const { proof, sameSignature, approvals, soak } = rules;
  const lists = Object.keys(most) as (keyof typeof most)[];
  return (
    !proof && !sameSignature && approvals === null && soak === null && lists.every((name) => rules[name].length === 0)
  );
}

function checkCondition({ expression, withoutHolder }: Condition, where: string, report: Report): void {
  try {
    const { namesHolder } = parseExpression(expression);
    if (namesHolder && withoutHolder === null)
      report(`${where}/withoutHolder`, 'say what holds while no version has the tag: "pass" or "fail"');
    if (!namesHolder && withoutHolder !== null)
      report(`${where}/withoutHolder`, "leave it out: the expression does not name holder");
  } catch (error) {
    if (!isSlipwayError(error, "policy_invalid")) throw error;
    report(`${where}/expression`, error.message);
  }
}

function checkSoak(soak: NonNullable<PolicyRules["soak"]>, tag: string | null, report: Report): void {
  if (!isTag(soak.tag) || isTaken(soak.tag)) report("/soak/tag", "write the name of a tag, such as staging");
  const isItself = tag !== null && soak.tag.toLowerCase() === tag.toLowerCase();
  if (isItself) report("/soak/tag", `name another tag: a version has ${tag} only once it was promoted`);
  if (tag === "*")
    report("/soak/tag", `the policy is for ${soak.tag}, too, which no version could have before: set it for one tag`);
  checkHours(soak.hours, "/soak/hours", report);
}

function checkHours(hours: number, where: string, report: Report): void {
  if (!(hours >= shortestHours && hours <= longestHours))
    report(where, `write hours, from ${shortestHours} to ${longestHours}`);
}
