import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { comparands, matches, parseNamePattern } from "./name-pattern.ts";

const pattern = parseNamePattern;

describe("a pattern of names", () => {
  it("is everything, one name, or a group", () => {
    expect(matches(pattern("*"), "anything")).toBe(true);
    expect(matches(pattern("churn"), "churn")).toBe(true);
    expect(matches(pattern("churn"), "churned")).toBe(false);
    expect(matches(pattern("fraud.*"), "fraud.scores")).toBe(true);
    expect(matches(pattern("fraud.*"), "fraud.eu.scores")).toBe(true);
    expect(matches(pattern("fraud.*"), "fraud")).toBe(false);
    expect(matches(pattern("fraud.*"), "fraudulent.scores")).toBe(false);
    expect(matches(pattern("fraud.*"), "fraud-x")).toBe(false);
  });

  it.each(["", "**", "fraud*", "*.fraud", "fraud.", ".fraud", "fraud.*.x", "Fraud", "fr%ud", "a__b", "a".repeat(131)])(
    "%j is none",
    (text) => {
      expect(() => pattern(text)).toThrow(/is no pattern of names/);
    },
  );

  it("takes every name, and every name's groups", () => {
    const name = fc.stringMatching(/^[a-z0-9]+(?:[._-][a-z0-9]+)*$/).filter((text) => text.length <= 128);
    fc.assert(
      fc.property(name, (text) => {
        expect(matches(pattern(text), text)).toBe(true);
        const parts = text.split(".");
        for (let length = 1; length < parts.length; length += 1)
          expect(matches(pattern(`${parts.slice(0, length).join(".")}.*`), text)).toBe(true);
      }),
    );
  });

  it("says to a statement what it says here", () => {
    expect(comparands([pattern("*"), pattern("churn"), pattern("fraud.*")])).toEqual({
      names: ["churn"],
      beginnings: ["", "fraud."],
    });
  });
});
