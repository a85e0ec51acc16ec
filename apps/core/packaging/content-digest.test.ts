import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Digest, digestOf } from "#core/artifacts/digest.ts";
import { contentDigest } from "./content-digest.ts";

const file = (path: string, content = path) => ({
  path,
  digest: digestOf(content),
  sizeBytes: Buffer.byteLength(content),
});

describe("the content digest", () => {
  it("is the SHA-256 of canonical JSON, as its format says", () => {
    const text = `{"files":[["a.txt","${digestOf("a")}",1],["b/c","${digestOf("")}",0]],"metadata":{"a":[1.5,"ä"],"b":null}}`;
    const expected = `sha256:${createHash("sha256").update(text).digest("hex")}` satisfies Digest;
    expect(contentDigest([file("b/c", ""), file("a.txt", "a")], { b: null, a: [1.5, "ä"] })).toBe(expected);
  });

  it("does not depend on the order of files and keys", () => {
    const files = ["a", "b/a", "b.a", "B", "ä", "\u{1f600}", "\uffee"].map((path) => file(path));
    const digest = contentDigest(files, { a: 1, b: { c: 2, d: 3 } });
    fc.assert(
      fc.property(fc.shuffledSubarray(files, { minLength: files.length }), (shuffled) => {
        expect(contentDigest(shuffled, { b: { d: 3, c: 2 }, a: 1 })).toBe(digest);
      }),
    );
  });

  it("takes the paths by their UTF-8 bytes, not by UTF-16 units", () => {
    const [before, after] = ["\uffee", "\u{1f600}"].map((path) => file(path, ""));
    const empty = digestOf("");
    const text = `{"files":[["\uffee","${empty}",0],["\u{1f600}","${empty}",0]],"metadata":{}}`;
    expect(before && after && contentDigest([after, before], {})).toBe(digestOf(text));
  });

  it("changes with a path, a byte and the metadata", () => {
    const digests = [
      contentDigest([file("a")], {}),
      contentDigest([file("b", "a")], {}),
      contentDigest([file("a", "b")], {}),
      contentDigest([file("a")], { x: 1 }),
      contentDigest([file("a")], { x: "1" }),
      contentDigest([], {}),
    ];
    expect(new Set(digests).size).toBe(digests.length);
  });

  it("does not change what it is given", () => {
    const files = [file("b"), file("a")];
    contentDigest(files, {});
    expect(files.map(({ path }) => path)).toEqual(["b", "a"]);
  });
});
