import { describe, expect, it } from "vitest";
import { refusalLimit } from "./refusal-limit.ts";

function limitWithClock() {
  const clock = { ms: 1_000 };
  return { clock, limit: refusalLimit(() => clock.ms) };
}

describe("the limit on refusals in the audit", () => {
  it("admits the same subject once a minute, and says with the next how many were left out", () => {
    const { clock, limit } = limitWithClock();
    expect(limit.admit("a")).toEqual({ leftOut: 0 });
    expect(limit.admit("a")).toBeNull();
    clock.ms += 59_999;
    expect(limit.admit("a")).toBeNull();
    clock.ms += 1;
    expect(limit.admit("a")).toEqual({ leftOut: 2 });
    expect(limit.admit("a")).toBeNull();
  });

  it("counts what was left out into whichever is admitted next", () => {
    const { limit } = limitWithClock();
    limit.admit("a");
    limit.admit("a");
    expect(limit.admit("b")).toEqual({ leftOut: 1 });
    expect(limit.admit("c")).toEqual({ leftOut: 0 });
  });

  it("admits 60 subjects a minute in all, however many ask", () => {
    const { clock, limit } = limitWithClock();
    const admitted = Array.from({ length: 10_000 }, (_, index) => limit.admit(`subject ${index}`));
    expect(admitted.filter((answer) => answer !== null)).toHaveLength(60);
    clock.ms += 60_000;
    expect(limit.admit("another")).toEqual({ leftOut: 9_940 });
  });

  it("never admits more than 60 in any minute, also across the turn of one", () => {
    const { clock, limit } = limitWithClock();
    const times: number[] = [];
    for (let step = 0; step < 400; step += 1) {
      if (limit.admit(`subject ${step}`) !== null) times.push(clock.ms);
      clock.ms += 400;
    }
    for (const from of times)
      expect(times.filter((at) => at >= from && at < from + 60_000).length).toBeLessThanOrEqual(60);
    expect(times.length).toBeGreaterThan(120);
  });
});
