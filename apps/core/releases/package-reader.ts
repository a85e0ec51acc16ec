import { buffer } from "node:stream/consumers";
import { openBlob } from "#core/artifacts/blobs.ts";
import type { StoredFile } from "#core/models/files.ts";
import type { PackageReader } from "#core/packaging/package-reader.ts";
import type { Registry } from "#core/registry.ts";

/** Reads a package from the blobs of its files. */
export function packageReader(needs: Pick<Registry, "db" | "blobs">, files: readonly StoredFile[]): PackageReader {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const fileAt = (path: string): StoredFile => {
    const file = byPath.get(path);
    if (file === undefined) throw new Error(`asked for ${path}, which the package has not`);
    return file;
  };
  return {
    files,
    stream: (path) => openBlob(needs, fileAt(path).digest),
    read: async (path, range) => buffer(await openBlob(needs, fileAt(path).digest, range)),
  };
}
