import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonFault } from "./json-faults.ts";

describe("a JSON text", () => {
  it("that JSON.stringify wrote has no fault", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom(0, 2), (text, space) => {
        if (!text.includes('"__proto__"')) expect(jsonFault(JSON.stringify(JSON.parse(text), null, space))).toBeNull();
      }),
    );
  });

  it("with a key twice in any of its objects has one, and nowhere else", () => {
    const value = fc.json({ maxDepth: 3 }).filter((text) => !text.includes("__proto__"));
    fc.assert(
      fc.property(fc.string(), value, value, (key, first, second) => {
        const quoted = JSON.stringify(key);
        const escaped = `"${[...key].map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join("")}"`;
        for (const other of [quoted, escaped])
          expect(jsonFault(`{"x": [{${quoted}: ${first}, "y\\"": {}, ${other} : ${second}}]}`)).toMatch(
            /twice|__proto__/,
          );
        if (key !== "__proto__")
          expect(jsonFault(`[{${quoted}:${first}},{${quoted}:${second}},${quoted},${quoted}]`)).toBeNull();
      }),
    );
  });

  it("of any kind is gone through to its end", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('"', "\\", "{", "}", "[", "]", ",", ":", "a", "u") }),
        (text) => void jsonFault(text),
      ),
    );
  });

  it("nests as deep as it may, and no deeper", () => {
    expect(jsonFault("[".repeat(100) + "]".repeat(100))).toBeNull();
    expect(jsonFault("[".repeat(101) + "]".repeat(101))).toContain("100 levels");
    expect(jsonFault('{"a":'.repeat(100_000))).toContain("100 levels");
  });
});
