import fc from "fast-check";
import { expect, it } from "vitest";
import { jsonChanges } from "./json-changes.ts";

it("changes are told by path, in order, with what was there and what is", () => {
  const from = { metrics: { auc: 0.91, rows: 10 }, tags: ["a"], gone: {}, same: null };
  const to = { metrics: { auc: 0.93, rows: 10, f1: 0.8 }, tags: ["a", "b"], same: null };
  expect(jsonChanges(from, to)).toEqual([
    { path: "gone", from: {} },
    { path: "metrics.auc", from: 0.91, to: 0.93 },
    { path: "metrics.f1", to: 0.8 },
    { path: "tags", from: ["a"], to: ["a", "b"] },
  ]);
});

it("a document differs from itself in nothing, and what is added is what is taken away the other way round", () => {
  fc.assert(
    fc.property(fc.object(), fc.object(), (one, other) => {
      expect(jsonChanges(one, structuredClone(one))).toEqual([]);
      const there = jsonChanges(one, other).map(({ path }) => path);
      expect(jsonChanges(other, one).map(({ path }) => path)).toEqual(there);
    }),
    { numRuns: 200 },
  );
});

it("a document as deep as a body may be is no trouble", () => {
  const deep = (value: number) => JSON.parse(`${'{"a":'.repeat(5_000)}${value}${"}".repeat(5_000)}`);
  expect(jsonChanges(deep(1), deep(2))).toHaveLength(1);
});
