import fc from "fast-check";
import { expect, it } from "vitest";
import { type FilePath, foldersOf, foldPath } from "./file-path.ts";
import { findClash } from "./path-clashes.ts";

const paths = fc.uniqueArray(
  fc
    .array(fc.constantFrom("a", "A", "b", "ab", "a-b", "ß", "SS"), { minLength: 1, maxLength: 3 })
    .map((names) => names.join("/")),
  { maxLength: 6 },
);

/** The rule as it is told: no two files or folders differ in case alone, and a file is no folder. */
function mayStandTogether(all: readonly string[]): boolean {
  const folders = new Set(all.flatMap(foldersOf));
  const names = [...new Set([...all, ...folders])];
  const folded = new Set(names.map(foldPath));
  return folded.size === names.length && all.every((path) => !folders.has(path));
}

it("finds two paths that clash where there are such, and none elsewhere", () => {
  fc.assert(
    fc.property(paths, (all) => {
      const clash = findClash(all as FilePath[]);
      expect(clash === null).toBe(mayStandTogether(all));
      if (clash !== null) expect(mayStandTogether(clash)).toBe(false);
    }),
    { numRuns: 2_000 },
  );
});
