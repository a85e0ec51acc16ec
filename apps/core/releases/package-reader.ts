import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { ByteRange } from "#core/artifacts/blob-store.ts";
import type { StoredFile } from "#core/models/files.ts";
import type { PackageReader } from "#core/packaging/package-reader.ts";

/** Reads a package from its files' bytes, wherever `open` finds them. */
export function packageReader<File extends StoredFile>(
  files: readonly File[],
  open: (file: File, range?: ByteRange) => Promise<Readable>,
): PackageReader {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const fileAt = (path: string): File => {
    const file = byPath.get(path);
    if (file === undefined) throw new Error(`asked for ${path}, which the package has not`);
    return file;
  };
  return {
    files,
    stream: (path) => open(fileAt(path)),
    read: async (path, range) => buffer(await open(fileAt(path), range)),
  };
}
