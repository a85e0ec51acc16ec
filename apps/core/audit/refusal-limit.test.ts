import { describe, expect, it } from "vitest";
import { refusalLimit } from "./refusal-limit.ts";

function limitWithClock() {
  const clock = { ms: 1_000 };
  return { clock, limit: refusalLimit(() => clock.ms) };
}

describe("the limit on refusals in the audit", () => {
  it("admits the same subject once a minute, and says with the next how many were left out", () => {
    const { clock, limit } = limitWithClock();
    expect(limit.admit("ada", "a")).toEqual({ leftOut: 0 });
    expect(limit.admit("ada", "a")).toBeNull();
    clock.ms += 59_999;
    expect(limit.admit("ada", "a")).toBeNull();
    clock.ms += 1;
    expect(limit.admit("ada", "a")).toEqual({ leftOut: 2 });
    expect(limit.admit("ada", "a")).toBeNull();
  });

  it("tells nobody what was left out of another", () => {
    const { limit } = limitWithClock();
    limit.admit("ada", "a");
    limit.admit("ada", "a");
    expect(limit.admit("eve", "a")).toEqual({ leftOut: 0 });
    expect(limit.admit("ada", "b")).toEqual({ leftOut: 1 });
    expect(limit.admit("ada", "c")).toEqual({ leftOut: 0 });
  });

  it("admits 20 subjects of an actor, and others' as ever", () => {
    const { clock, limit } = limitWithClock();
    const admitted = Array.from({ length: 10_000 }, (_, index) => limit.admit("eve", `subject ${index}`));
    expect(admitted.filter((answer) => answer !== null)).toHaveLength(20);
    expect(limit.admit("ada", "a")).toEqual({ leftOut: 0 });
    clock.ms += 60_000;
    expect(limit.admit("eve", "another")).toEqual({ leftOut: 9_980 });
  });

  it("never admits more than 600 in any minute, also across the turn of one", () => {
    const { clock, limit } = limitWithClock();
    const times: number[] = [];
    for (let step = 0; step < 2_000; step += 1) {
      if (limit.admit(`actor ${step % 100}`, `subject ${step}`) !== null) times.push(clock.ms);
      clock.ms += 50;
    }
    for (const from of times)
      expect(times.filter((at) => at >= from && at < from + 60_000).length).toBeLessThanOrEqual(600);
    expect(times.length).toBeGreaterThan(1_000);
  });
});
