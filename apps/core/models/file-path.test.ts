import { posix } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSlipwayError } from "#core/errors.ts";
import { foldersOf, foldPath, parseFilePath } from "./file-path.ts";

describe("file paths", () => {
  it.each(["a", "model/model.pkl", "données/modèle.pkl", ".python-version", "a..b", "日本/語", "x".repeat(255)])(
    "takes %j",
    (path) => {
      expect(parseFilePath(path)).toBe(path);
    },
  );

  it.each([
    ["", "empty"],
    ["/etc/passwd", "starts or ends"],
    ["a/", "starts or ends"],
    ["a//b", "//"],
    ["../a", ".."],
    ["a/./b", '"."'],
    ["a\\b", "\\"],
    ["a\u0000b", "control"],
    ["a\u0085b", "control"],
    ["e\u0301", "NFC"],
    ["\ud800", "Unicode"],
    ["é".repeat(600), "1024 bytes"],
    ["x".repeat(256), "255 bytes"],
  ])("refuses %j", (path, sentence) => {
    expect(() => parseFilePath(path)).toThrow(sentence);
  });

  it("takes or refuses whatever is asked, and what it takes leads nowhere else", () => {
    const segment = fc.oneof(
      fc.string({ unit: "binary", maxLength: 8 }),
      fc.constantFrom("", ".", "..", "a", "é", "e\u0301", "\\", "%2e%2e", "\u0000", "\u202e", "C:"),
    );
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 5 }), (segments) => {
        const text = segments.join("/");
        try {
          parseFilePath(text);
        } catch (error) {
          expect(isSlipwayError(error, "invalid_path")).toBe(true);
          return;
        }
        expect(posix.normalize(text)).toBe(text);
        expect(posix.resolve("/root", text)).toBe(`/root/${text}`);
        expect(new URL(`http://h/files/${text.split("/").map(encodeURIComponent).join("/")}`).pathname).toMatch(
          /^\/files\//,
        );
        expect(/\p{Cc}|\\/u.test(text)).toBe(false);
        expect(text.normalize("NFC")).toBe(text);
      }),
      { numRuns: 1_000 },
    );
  });

  it("folds case, also where one letter becomes two", () => {
    expect(foldPath(parseFilePath("Model.PKL"))).toBe(foldPath(parseFilePath("model.pkl")));
    expect(foldPath(parseFilePath("straße"))).toBe(foldPath(parseFilePath("STRASSE")));
  });

  it("names the folders above a file", () => {
    expect(foldersOf("a/b/c")).toEqual(["a", "a/b"]);
    expect(foldersOf("a")).toEqual([]);
  });
});
