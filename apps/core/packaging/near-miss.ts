import { distance } from "fastest-levenshtein";
import type { Fault } from "#core/errors.ts";
import type { PackageReader } from "./package-reader.ts";

/** The known names that someone who wrote `name` can have meant, nearest first, at most three. */
export function nearMisses(name: string, known: readonly string[]): string[] {
  const written = name.toLowerCase();
  return known
    .filter(
      (candidate) => candidate.length <= longest && Math.abs(candidate.length - name.length) <= allowedEdits(candidate),
    )
    .slice(0, mostCompared)
    .map((candidate) => ({ candidate, edits: distance(written, candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => edits <= allowedEdits(candidate))
    .sort((a, b) => a.edits - b.edits)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** A package of many files is not searched for long. */
const mostCompared = 2_000;
const longest = 256;

function allowedEdits(candidate: string): number {
  return Math.max(2, Math.floor(candidate.length / 3));
}

/** Near misses among paths: the same file name elsewhere, then paths that are spelled alike. */
export function nearPaths(path: string, paths: readonly string[]): string[] {
  const fileName = path.slice(path.lastIndexOf("/") + 1);
  const elsewhere = paths.filter((other) => other !== path && other.slice(other.lastIndexOf("/") + 1) === fileName);
  return [...new Set([...elsewhere, ...nearMisses(path, paths)])].slice(0, 3);
}

/** ` (did you mean "a" or "b"?)`, or nothing. */
export function didYouMean(candidates: readonly string[]): string {
  return candidates.length === 0
    ? ""
    : ` (did you mean ${candidates.map((candidate) => `"${candidate}"`).join(" or ")}?)`;
}

/** What to say of a path in `slipway.yaml` that the package has not. */
export function absentFault(reader: PackageReader, key: string, path: string): Fault {
  const paths = reader.files.map((file) => file.path);
  return { where: `slipway.yaml: ${key}`, message: `the package has no ${path}${didYouMean(nearPaths(path, paths))}` };
}
