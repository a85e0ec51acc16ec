import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSlipwayError } from "#core/errors.ts";
import { parseFilePath } from "./file-path.ts";
import { checkLabels, checkMetadata, jsonDepth, parseLabelSelector } from "./labels.ts";
import { parseModelName } from "./model-name.ts";
import { isSemver, parseSemver, semverKey } from "./semver.ts";

/** Text with what parsers trip over in it more often than chance has it. */
const oddText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({
    unit: fc.constantFrom(
      "a",
      "1",
      ".",
      "-",
      "_",
      "/",
      "\\",
      "\u0000",
      "\n",
      "%",
      "é",
      "e\u0301",
      "\ud800",
      "İ",
      "ß",
      "ſ",
    ),
  }),
);

/** The value, or null for a refusal; whatever else is thrown fails the test. */
function orRefused<T>(parse: () => T): T | null {
  try {
    return parse();
  } catch (error) {
    if (!isSlipwayError(error)) throw error;
    expect(error.message.length).toBeLessThan(1_000);
    return null;
  }
}

describe("whatever text comes", () => {
  it("is a model's name as it stands, or refused", () => {
    fc.assert(
      fc.property(oddText, (text) => {
        const name = orRefused(() => parseModelName(text));
        if (name === null) return;
        expect(name).toBe(text);
        expect(encodeURIComponent(name)).toBe(name);
        expect(name).toBe(name.toLowerCase());
      }),
    );
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z0-9]{1,9}(?:[._-][a-z0-9]{1,9}){0,9}$/),
        (text) => parseModelName(text) === text,
      ),
    );
  });

  it("is a path that stays where it is put, or refused", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          oddText,
          fc.array(oddText).map((parts) => parts.join("/")),
        ),
        (text) => {
          const path = orRefused(() => parseFilePath(text));
          if (path === null) return;
          expect(path).toBe(text);
          const { pathname } = new URL(`http://host/files/${path.split("/").map(encodeURIComponent).join("/")}`);
          expect(decodeURIComponent(pathname)).toBe(`/files/${path}`);
          expect(parseFilePath(Buffer.from(path).toString("utf8"))).toBe(path);
        },
      ),
    );
  });

  it("selects a label, or is refused", () => {
    fc.assert(
      fc.property(oddText, (text) => {
        const selector = orRefused(() => parseLabelSelector(text));
        if (selector === null) return;
        expect(selector.value === null ? selector.key : `${selector.key}=${selector.value}`).toBe(text);
      }),
    );
    fc.assert(fc.property(fc.dictionary(oddText, oddText), (labels) => void orRefused(() => checkLabels(labels))));
  });
});

const number = fc.oneof(fc.nat(12), fc.maxSafeNat());
const identifier = fc.oneof(
  number.map(String),
  fc.stringMatching(/^[a-z-][a-zA-Z0-9-]{0,5}$/),
  fc.stringMatching(/^[0-9]{0,2}[a-zA-Z-]$/),
);
const version = fc
  .tuple(number, number, number, fc.array(identifier, { maxLength: 4 }))
  .map(([major, minor, patch, pre]) => `${major}.${minor}.${patch}${pre.length === 0 ? "" : `-${pre.join(".")}`}`);

/** semver.org §11, word for word. */
function precedence(a: string, b: string): number {
  const parts = (text: string) => {
    const [core = "", ...rest] = text.split("-");
    return { core: core.split(".").map(BigInt), pre: rest.length === 0 ? null : rest.join("-").split(".") };
  };
  const [left, right] = [parts(a), parts(b)];
  for (const [index, value] of left.core.entries()) {
    const other = right.core[index] ?? 0n;
    if (value !== other) return value < other ? -1 : 1;
  }
  if (left.pre === null || right.pre === null) return Number(left.pre === null) - Number(right.pre === null);
  for (const [index, word] of left.pre.entries()) {
    const other = right.pre[index];
    if (other === undefined) return 1;
    if (word === other) continue;
    const [isNumber, otherIsNumber] = [/^\d+$/.test(word), /^\d+$/.test(other)];
    if (isNumber && otherIsNumber) return BigInt(word) < BigInt(other) ? -1 : 1;
    if (isNumber !== otherIsNumber) return isNumber ? -1 : 1;
    return word < other ? -1 : 1;
  }
  return left.pre.length === right.pre.length ? 0 : -1;
}

describe("a version", () => {
  it("is taken as it is written, or refused", () => {
    fc.assert(fc.property(version, (text) => parseSemver(text) === text));
    fc.assert(
      fc.property(
        fc.oneof(
          oddText,
          version.map((text) => `${text}\n`),
        ),
        (text) => (orRefused(() => parseSemver(text)) !== null) === isSemver(text),
      ),
    );
  });

  it("has a key that orders as semver.org does", () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        const [left, right] = [parseSemver(a), parseSemver(b)];
        expect(Buffer.compare(Buffer.from(semverKey(left)), Buffer.from(semverKey(right)))).toBe(precedence(a, b));
      }),
      { numRuns: 500 },
    );
  });
});

describe("metadata", () => {
  const json = fc.json({ maxDepth: 8 }).map((text) => JSON.parse(text) as unknown);

  it("has the depth that a walk of it finds", () => {
    const depth = (value: unknown): number =>
      typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depth)) : 0;
    // Empty lists and objects at the bottom hold nothing and count for nothing.
    fc.assert(
      fc.property(json, (value) => {
        const [counted, real] = [jsonDepth(value, 100), depth(value)];
        expect([real, real - 1]).toContain(counted);
        expect(jsonDepth(value, 2)).toBe(Math.min(counted, 3));
      }),
    );
  });

  it("is kept, or refused with a sentence", () => {
    fc.assert(fc.property(fc.dictionary(oddText, json), (metadata) => void orRefused(() => checkMetadata(metadata))));
  });
});
