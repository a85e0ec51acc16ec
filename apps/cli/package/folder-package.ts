import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { ByteRange } from "#core/artifacts/blob-store.ts";
import type { PackageReader } from "#core/packaging/package-reader.ts";
import type { FoundFile } from "../push/folder.ts";

/** A folder, as the service's inspection reads a package: of a file no more than it looks at. `more` stands in it besides. */
export function folderPackage(files: readonly FoundFile[], more: Record<string, string> = {}): PackageReader {
  const places = new Map(files.map(({ path, place }) => [path, place]));
  const placeOf = (path: string): string => {
    const place = places.get(path);
    if (place === undefined) throw new Error(`asked for ${path}, which the folder has not`);
    return place;
  };
  const open = (path: string, range?: ByteRange): Readable => {
    const text = more[path];
    if (text === undefined) return createReadStream(placeOf(path), range);
    const bytes = Buffer.from(text);
    return Readable.from([range === undefined ? bytes : bytes.subarray(range.start, range.end + 1)]);
  };
  return {
    files: [...files, ...Object.entries(more).map(([path, text]) => ({ path, sizeBytes: Buffer.byteLength(text) }))],
    read: async (path, range) => buffer(open(path, range)),
    stream: async (path) => open(path),
  };
}
