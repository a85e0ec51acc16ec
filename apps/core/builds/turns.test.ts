import { describe, expect, it } from "vitest";
import { parseNamePattern } from "#core/access/name-pattern.ts";
import { turns } from "./turns.ts";

const quota = (pattern: string, free: number) => ({ pattern: parseNamePattern(pattern), free });
const line = (...models: string[]) => models.map((model, index) => ({ id: `${index}`, model }));
const waiting = (quotas: ReturnType<typeof quota>[], models: string[]) => [...turns(quotas, line(...models)).values()];

describe("builds in line", () => {
  it("take the free places in their order", () => {
    expect(waiting([quota("fraud.*", 2)], ["fraud.a", "fraud.b", "fraud.c"])).toEqual([null, null, "fraud.*"]);
    expect(waiting([quota("fraud.*", -1)], ["fraud.a"])).toEqual(["fraud.*"]);
  });

  it("go past those who wait for another quota", () => {
    const quotas = [quota("*", 2), quota("fraud.*", 0)];
    expect(waiting(quotas, ["fraud.a", "fraud.b", "churn", "churn", "churn"])).toEqual([
      "fraud.*",
      "fraud.*",
      null,
      null,
      "*",
    ]);
  });

  it("need a place in each of their quotas", () => {
    expect(waiting([quota("*", 1), quota("fraud.*", 5)], ["fraud.a", "fraud.b"])).toEqual([null, "*"]);
  });

  it("wait for none where no quota is for them", () => {
    expect(waiting([quota("fraud.*", 0)], ["churn"])).toEqual([null]);
    expect(waiting([], ["churn"])).toEqual([null]);
  });
});
