import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { Readable } from "node:stream";
import { isSlipwayError } from "#core/errors.ts";
import { describePackage, type GivenWords } from "../describe-package.ts";
import type { PackageReader } from "../package-reader.ts";
import type { PackageSpec } from "../package-spec.ts";

/** A package of these files, in memory. */
export function packageOf(contents: Record<string, Buffer | string>): PackageReader {
  const bytes = new Map(Object.entries(contents).map(([path, content]) => [path, Buffer.from(content)]));
  const at = (path: string): Buffer => {
    const found = bytes.get(path);
    if (found === undefined) throw new Error(`asked for ${path}, which the package has not`);
    return found;
  };
  return {
    files: [...bytes].map(([path, content]) => ({ path, sizeBytes: content.length })),
    read: async (path, range) => {
      if (range === undefined) return at(path);
      if (range.end < range.start || range.end >= at(path).length) throw new RangeError(`no such bytes of ${path}`);
      return at(path).subarray(range.start, range.end + 1);
    },
    stream: async (path) => Readable.from([at(path)]),
  };
}

/** The package that lies in a folder. */
export function packageIn(folder: string): PackageReader {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return packageOf(
    Object.fromEntries(
      files.map((entry) => {
        const path = join(entry.parentPath, entry.name);
        return [relative(folder, path), readFileSync(path)];
      }),
    ),
  );
}

/** What seal would find the package to be. */
export async function specOf(contents: Record<string, Buffer | string>): Promise<PackageSpec> {
  return (await describePackage(packageOf(contents), { labels: {}, metadata: {} })).spec;
}

/** What seal would say is wrong with a package: `where: message`, each. */
export async function faultsOf(
  contents: Record<string, Buffer | string>,
  given: Partial<GivenWords> = {},
): Promise<string[]> {
  try {
    await describePackage(packageOf(contents), { labels: {}, metadata: {}, ...given });
    return [];
  } catch (error) {
    if (!isSlipwayError(error, "package_invalid")) throw error;
    return error.faults.map(({ where, message }) => `${where}: ${message}`);
  }
}
