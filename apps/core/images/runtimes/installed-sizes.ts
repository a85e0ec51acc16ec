import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { normalisedName } from "#core/packaging/requirement.ts";

/** Bytes that each installed package takes, by normalised name, as its RECORD says: `path,sha256=…,size` a line
 *  (packaging.python.org, "Recording installed projects"). */
export async function installedSizes(target: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const item of await readdir(target)) {
    const [, name] = /^(.+)-[^-]+\.dist-info$/.exec(item) ?? [];
    if (name === undefined) continue;
    const record = await readFile(join(target, item, "RECORD"), "utf8");
    const sizeBytes = record.split(/\r?\n/).reduce((sum, line) => sum + Number(/,(\d+)$/.exec(line)?.[1] ?? 0), 0);
    sizes.set(normalisedName(name), sizeBytes);
  }
  return sizes;
}
