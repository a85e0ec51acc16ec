import { describe, expect, it } from "vitest";
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

  it("folds case, also where one letter becomes two", () => {
    expect(foldPath(parseFilePath("Model.PKL"))).toBe(foldPath(parseFilePath("model.pkl")));
    expect(foldPath(parseFilePath("straße"))).toBe(foldPath(parseFilePath("STRASSE")));
  });

  it("names the folders above a file", () => {
    expect(foldersOf("a/b/c")).toEqual(["a", "a/b"]);
    expect(foldersOf("a")).toEqual([]);
  });
});
