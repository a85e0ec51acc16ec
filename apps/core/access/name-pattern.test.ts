import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { comparands, covers, matches, type NamePattern, parseNamePattern } from "./name-pattern.ts";

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

  const part = fc.constantFrom("a", "b", "a-b");
  const parts = fc.array(part, { minLength: 1, maxLength: 3 }).map((names) => names.join("."));
  const patterns = fc.oneof(
    fc.constant(pattern("*")),
    parts.map(pattern),
    parts.map((name) => pattern(`${name}.*`)),
  );
  const namesOf = (of: NamePattern) =>
    of.endsWith("*") ? parts.map((rest) => `${of.slice(0, -1)}${rest}`) : fc.constant<string>(of);

  it("covers those alone whose every name it matches", () => {
    fc.assert(
      fc.property(
        patterns.chain((inner) => fc.tuple(patterns, fc.constant(inner), namesOf(inner))),
        ([outer, inner, name]) => {
          expect(matches(inner, name)).toBe(true);
          if (covers(outer, inner)) expect(matches(outer, name)).toBe(true);
        },
      ),
    );
    // A name with a part that stands nowhere else is a witness for all others of its group.
    fc.assert(
      fc.property(patterns, patterns, (outer, inner) => {
        const witness = inner.endsWith("*") ? `${inner.slice(0, -1)}elsewhere` : inner;
        expect(covers(outer, inner)).toBe(matches(outer, witness));
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
