import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSlipwayError } from "#core/errors.ts";
import { isSemver } from "#core/models/semver.ts";
import { parseTagName } from "./tag-name.ts";

const taken = (text: string): boolean => {
  try {
    return parseTagName(text) === text;
  } catch (error) {
    if (!isSlipwayError(error)) throw error;
    return false;
  }
};

describe("tag names", () => {
  it("are of the OCI grammar and mean nothing else, or are refused", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.stringMatching(/^[a-zA-Z0-9._-]{0,12}$/),
      fc.stringMatching(/^\d+(\.\d+){0,3}$/),
    );
    fc.assert(
      fc.property(text, (tag) => {
        const plain = /^\w[\w.-]{0,127}$/.test(tag) && !isSemver(tag);
        const reserved = /^(?:latest(?:-.*)?|\d+(?:\.\d+)?|sha256-.*)$/is.test(tag);
        expect(taken(tag)).toBe(plain && !reserved);
      }),
      { numRuns: 500 },
    );
  });

  it.each(["LATEST", "Latest", "lAtEsT"])(
    "are never %s, which would be read as the tag that moves by itself",
    (tag) => {
      expect(taken(tag)).toBe(false);
    },
  );
});
