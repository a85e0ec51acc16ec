import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSlipwayError } from "#core/errors.ts";
import { byteRange } from "./byte-range.ts";

const size = fc.oneof(fc.nat(20), fc.maxSafeNat());

describe("a range", () => {
  it("is inside the file, is passed over, or is refused, whatever it says", () => {
    const part = fc.oneof(
      fc.nat(25).map(String),
      fc.constantFrom("", "-", "99999999999999999999", "a", " ", "1e3", "0x1"),
    );
    const header = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(fc.tuple(part, part)).map((pairs) => `bytes=${pairs.map((pair) => pair.join("-")).join(",")}`),
    );
    fc.assert(
      fc.property(header, size, (text, sizeBytes) => {
        try {
          const range = byteRange(text, sizeBytes);
          if (range === null) return;
          expect(0 <= range.start && range.start <= range.end && range.end < sizeBytes).toBe(true);
        } catch (error) {
          if (!isSlipwayError(error, "range_not_satisfiable")) throw error;
        }
      }),
      { numRuns: 200 },
    );
  });

  it("that is well written is the one that is meant", () => {
    fc.assert(
      fc.property(fc.nat(1_000), fc.nat(1_000), fc.integer({ min: 1, max: 1_000 }), (start, more, sizeBytes) => {
        fc.pre(start < sizeBytes);
        const end = Math.min(start + more, sizeBytes - 1);
        expect(byteRange(`bytes=${start}-${start + more}`, sizeBytes)).toEqual({ start, end });
        expect(byteRange(`bytes=${start}-`, sizeBytes)).toEqual({ start, end: sizeBytes - 1 });
        expect(byteRange(`bytes=-${more + 1}`, sizeBytes)).toEqual({
          start: Math.max(0, sizeBytes - more - 1),
          end: sizeBytes - 1,
        });
      }),
    );
  });
});
