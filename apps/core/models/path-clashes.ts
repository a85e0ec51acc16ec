import { type FilePath, foldPath } from "./file-path.ts";

/** Two of the paths that cannot stand in one version, or null: what `requirePlaces` asks of the rows. With
 *  "/" before all other characters, two that clash, or two that clash as they do, are neighbours. */
export function findClash(paths: readonly FilePath[]): [FilePath, FilePath] | null {
  const keys = new Map(paths.map((path) => [path, foldPath(path).replaceAll("/", "\0")]));
  const sorted = paths.toSorted((a, b) => ((keys.get(a) ?? a) < (keys.get(b) ?? b) ? -1 : 1));
  for (const [index, path] of sorted.slice(1).entries()) {
    const before = sorted[index];
    if (before !== undefined && clash(before, path)) return [path, before];
  }
  return null;
}

/** Whether the paths part ways by their letters' case, or not at all: then one is a file where the other has a folder. */
function clash(a: FilePath, b: FilePath): boolean {
  const others = b.split("/");
  for (const [index, segment] of a.split("/").entries()) {
    const other = others[index];
    if (other === undefined || segment === other) continue;
    return foldPath(segment) === foldPath(other);
  }
  return true;
}
