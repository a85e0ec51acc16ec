import { expect, it } from "vitest";
import { statementNames } from "./statement-names.ts";

it("gives a text one name, and another text another", () => {
  const nameOf = statementNames();
  const first = nameOf({ sql: "SELECT 1" });
  expect(first).toMatch(/^\w+$/);
  expect(nameOf({ sql: "SELECT 2" })).not.toBe(first);
  expect(nameOf({ sql: "SELECT 1" })).toBe(first);
});

it("names no more texts than it may, and keeps the names that it gave", () => {
  const nameOf = statementNames(2);
  const names = ["a", "b", "c", "a", "c"].map((sql) => nameOf({ sql }));
  expect(names).toEqual([names[0], names[1], "", names[0], ""]);
});
