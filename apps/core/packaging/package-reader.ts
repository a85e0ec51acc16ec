import type { Readable } from "node:stream";
import type { ByteRange } from "#core/artifacts/blob-store.ts";
import type { ByteSource } from "#core/inspect/byte-source.ts";

export interface PackageFile {
  path: string;
  sizeBytes: number;
}

/** How a package's files are read; ranges let a 10 GiB file be looked into without reading it. */
export interface PackageReader {
  readonly files: readonly PackageFile[];
  read(path: string, range?: ByteRange): Promise<Buffer>;
  /** The caller owns the stream. */
  stream(path: string): Promise<Readable>;
}

export function hasFile(reader: PackageReader, path: string): boolean {
  return reader.files.some((file) => file.path === path);
}

/** The whole of a small file; null where it is larger than `limitBytes`. */
export async function readSmall(reader: PackageReader, path: string, limitBytes: number): Promise<Buffer | null> {
  const file = reader.files.find((candidate) => candidate.path === path);
  if (file === undefined || file.sizeBytes > limitBytes) return null;
  return file.sizeBytes === 0 ? Buffer.alloc(0) : reader.read(path);
}

/** The folder that a path lies in; empty at the top. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** A path from a folder of the package. */
export function within(folder: string, path: string): string {
  return folder === "" ? path : `${folder}/${path}`;
}

/** One of its files, for the inspection. */
export function sourceOf(reader: PackageReader, { path, sizeBytes }: PackageFile): ByteSource {
  return { sizeBytes, read: (range) => reader.read(path, range), stream: () => reader.stream(path) };
}
