import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSlipwayError } from "#core/errors.ts";
import { cursorOf, keyOf } from "./paging.ts";

/** The key, or null for a cursor that is refused. */
function read(list: string, cursor: string): string | null {
  try {
    return keyOf(list, cursor);
  } catch (error) {
    if (!isSlipwayError(error, "invalid_cursor")) throw error;
    return null;
  }
}

const key = fc.string({ unit: "grapheme" }).filter((text) => text.isWellFormed() && !text.includes("\u0000"));

describe("cursors", () => {
  it("come back as the key that they were made of, in their own list alone", () => {
    fc.assert(
      fc.property(key, (text) => {
        const cursor = cursorOf("models", text);
        expect(read("models", cursor)).toBe(text);
        expect(read("tags", cursor)).toBeNull();
        expect(encodeURIComponent(cursor)).toBe(cursor);
      }),
    );
  });

  it("that anybody changed are refused, or are those of another key", () => {
    fc.assert(
      fc.property(key, fc.nat(), fc.string({ maxLength: 3 }), fc.nat(3), (text, at, put, cut) => {
        const cursor = cursorOf("models", text);
        const start = at % (cursor.length + 1);
        const changed = cursor.slice(0, start) + put + cursor.slice(start + cut);
        const found = read("models", changed);
        if (found !== null) expect(cursorOf("models", found)).toBe(changed);
      }),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => read("models", text) === null));
  });
});
