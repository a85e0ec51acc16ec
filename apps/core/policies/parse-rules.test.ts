import { describe, expect, it } from "vitest";
import { isSlipwayError } from "#core/errors.ts";
import { type GivenRules, parseRules } from "./parse-rules.ts";

const window = { days: ["mon"], from: "09:00", to: "16:00", timeZone: "Europe/Berlin" } as const;
const freeze = { from: "2026-12-20T00:00:00+01:00", to: "2027-01-03T00:00:00+01:00", reason: "year-end freeze" };
const soak = { tag: "staging", hours: 24 };

function faultsOf(given: GivenRules, tag = "prod"): string[] {
  try {
    parseRules(given, tag);
    return [];
  } catch (error) {
    if (!isSlipwayError(error, "policy_invalid")) throw error;
    const faults = error.faults.map(({ where, message }) => `${where}: ${message}`);
    expect(error.message).toBe(faults.join("; "));
    return faults;
  }
}

describe("the rules of a policy", () => {
  it("ask for nothing that is not written, and wait for a week", () => {
    expect(parseRules({ proof: true })).toEqual({
      proof: true,
      sameSignature: false,
      conditions: [],
      checks: [],
      approvals: null,
      soak: null,
      windows: [],
      freezes: [],
      copyTo: [],
      waitHours: 168,
    });
  });

  it("are kept as they are written, with what is meant where something is left out", () => {
    const given: GivenRules = {
      sameSignature: true,
      conditions: [
        { expression: "candidate.metadata.metrics.rows >= 1000" },
        { expression: "candidate.number > holder.number", withoutHolder: "pass" },
      ],
      checks: ["evaluation", "unit-tests"],
      approvals: { count: 2 },
      soak,
      windows: [{ ...window, days: ["fri", "mon", "fri"], to: "24:00" }],
      freezes: [freeze, { from: "2026-12-20t00:00:00.5z", reason: "incident" }],
      copyTo: ["prod-eu"],
      waitHours: 0.5,
    };
    expect(parseRules(given, "prod")).toEqual({
      ...given,
      proof: false,
      conditions: [
        { expression: "candidate.metadata.metrics.rows >= 1000", withoutHolder: null },
        { expression: "candidate.number > holder.number", withoutHolder: "pass" },
      ],
      approvals: { count: 2, role: "approver" },
      windows: [{ ...window, days: ["mon", "fri"], to: "24:00" }],
      freezes: [freeze, { from: "2026-12-20t00:00:00.5z", to: null, reason: "incident" }],
    });
  });

  it.each<[string, GivenRules, string]>([
    ["nothing", {}, ": it asks for nothing: give it proof"],
    ["nothing, for long", { waitHours: 2, conditions: [], soak: null }, ": it asks for nothing"],
    [
      "a condition that cannot be read",
      { conditions: [{ expression: "candidat.number > 1" }] },
      '/conditions/0/expression: at character 1: "candidat" is neither',
    ],
    [
      "a condition without a word on holders",
      { conditions: [{ expression: "candidate.number > holder.number" }] },
      "/conditions/0/withoutHolder: say what holds",
    ],
    [
      "a word on holders of which there are none",
      { conditions: [{ expression: "candidate.number > 1", withoutHolder: "fail" }] },
      "/conditions/0/withoutHolder: leave it out",
    ],
    [
      "many conditions",
      { conditions: new Array(51).fill({ expression: "candidate.number > 1" }) },
      "/conditions: at most 50",
    ],
    ["a check of no name", { checks: ["Unit Tests"] }, "/checks/0: write lower-case"],
    ["a check of a long name", { checks: ["a".repeat(65)] }, "/checks/0: write lower-case"],
    ["a check twice", { checks: ["scan", "tests", "scan"] }, "/checks/2: scan is there twice"],
    ["no approvals", { approvals: { count: 0 } }, "/approvals/count: write a whole number from 1 to 20"],
    ["half an approval", { approvals: { count: 1.5 } }, "/approvals/count"],
    ["many approvals", { approvals: { count: 21 } }, "/approvals/count"],
    ["a soak in what is no tag", { soak: { tag: "-x", hours: 1 } }, "/soak/tag: write the name of a tag"],
    ["a soak in a version", { soak: { tag: "1.2.0", hours: 1 } }, "/soak/tag: write the name of a tag"],
    ["a soak in the tag itself", { soak: { tag: "prod", hours: 1 } }, "/soak/tag: name another tag"],
    ["a soak of no time", { soak: { tag: "staging", hours: 0 } }, "/soak/hours: write hours, from 0.01 to 8760"],
    ["a wait of years", { proof: true, waitHours: 8_761 }, "/waitHours: write hours"],
    ["a wait of no number", { proof: true, waitHours: Number.NaN }, "/waitHours: write hours"],
    ["a window on no day", { windows: [{ ...window, days: [] }] }, "/windows/0/days: name a day"],
    ["a window from no time", { windows: [{ ...window, from: "9:00" }] }, "/windows/0/from: write HH:MM"],
    ["a window from 24:00", { windows: [{ ...window, from: "24:00" }] }, "/windows/0/from: write HH:MM"],
    ["a window to 24:01", { windows: [{ ...window, to: "24:01" }] }, "/windows/0/to: write HH:MM"],
    [
      "a window without length",
      { windows: [{ ...window, to: "09:00" }] },
      "/windows/0/to: write another time than from",
    ],
    ["a window nowhere", { windows: [{ ...window, timeZone: "Europe/Berlni" }] }, '(did you mean "Europe/Berlin"'],
    [
      "a window at an offset",
      { windows: [{ ...window, timeZone: "+01:00" }] },
      "/windows/0/timeZone: write a zone by its name",
    ],
    [
      "a freeze on no day",
      { freezes: [{ ...freeze, from: "2026-02-30T00:00:00Z" }] },
      "/freezes/0/from: write a time by RFC 3339",
    ],
    [
      "a freeze without a zone",
      { freezes: [{ ...freeze, from: "2026-12-20T00:00:00" }] },
      "/freezes/0/from: write a time",
    ],
    [
      "a freeze of another calendar",
      { freezes: [{ ...freeze, from: "2026-12-20T00:00:00Z[u-ca=hebrew]" }] },
      "/freezes/0/from",
    ],
    [
      "a freeze to the sixtieth second",
      { freezes: [{ ...freeze, to: "2026-12-31T23:59:60Z" }] },
      "/freezes/0/to: write a time by RFC",
    ],
    [
      "a freeze that ends as it begins",
      { freezes: [{ ...freeze, to: "2026-12-19T23:00:00Z" }] },
      "/freezes/0/to: write a time that is after from",
    ],
    ["a freeze without a reason", { freezes: [{ ...freeze, reason: " " }] }, "/freezes/0/reason: say why"],
    ["many freezes", { freezes: new Array(51).fill(freeze) }, "/freezes: at most 50"],
    ["a registry of no name", { copyTo: ["Prod"] }, "/copyTo/0: write the name of a registry"],
    ["a registry twice", { copyTo: ["eu", "eu"] }, "/copyTo/1: eu is there twice"],
    ["many registries", { copyTo: Array.from({ length: 11 }, (_, index) => `r${index}`) }, "/copyTo: at most 10"],
  ])("that ask for %s are refused", (_, given, fault) => {
    const faults = faultsOf(given);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(fault);
  });

  it("of every tag asks for a soak in none: it is for that one, too", () => {
    expect(faultsOf({ soak: { tag: "prod", hours: 1 } }, "*")).toEqual([expect.stringContaining("set it for one tag")]);
    expect(faultsOf({ soak: { tag: "Prod", hours: 1 } }, "prod")).toHaveLength(1);
  });

  it("are told everything that is wrong with them at once", () => {
    const given: GivenRules = {
      checks: ["A"],
      soak: { tag: "prod", hours: 0 },
      windows: [{ ...window, from: "x", timeZone: "x" }],
    };
    expect(faultsOf(given).map((fault) => fault.split(":")[0])).toEqual([
      "/checks/0",
      "/soak/tag",
      "/soak/hours",
      "/windows/0/from",
      "/windows/0/timeZone",
    ]);
  });
});
