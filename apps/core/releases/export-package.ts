import { Readable } from "node:stream";
import type { PlacedBlob } from "#core/artifacts/checked-read.ts";
import type { Digest } from "#core/artifacts/digest.ts";
import { inLargeChunks, type TarEntry, tarSizeBytes, tarStream } from "#core/images/layers/tar.ts";
import { allFiles, type StoredFile } from "#core/models/files.ts";
import { openPlaced, placeFiles } from "#core/models/send-file.ts";
import { readVersion } from "#core/models/version.ts";
import type { Registry } from "#core/registry.ts";
import { requireVerified } from "#core/uploads/require-verified.ts";
import { gzip, gzipSizeBytes } from "./gzip.ts";
import { type ZipEntry, zip, zipSizeBytes } from "./zip.ts";

export const packageFormats = ["tar.gz", "zip"] as const;
export type PackageFormat = (typeof packageFormats)[number];

/** Raised when the same files give other bytes. */
export const packageLayout = 1;

export interface ExportedPackage {
  version: string;
  sizeBytes: number;
  /** Of a sealed version: the same digest means the same bytes, in each format. */
  contentDigest: Digest | null;
  /** Files are read one after the other as the archive is taken, each checked; one that is damaged ends it before its
   *  end. The caller owns the stream. */
  open(): Readable;
}

/** All files of a version as one archive, sorted by path: owner, times and modes say nothing, and nothing is compressed, so
 *  that the same files give the same bytes on every machine and in every version of Slipway. By semver or tag. Throws
 *  `version_not_found`, `files_verifying`. */
export async function exportPackage(
  { db, blobs, log }: Pick<Registry, "db" | "blobs" | "log">,
  { model, version, format }: { model: string; version: string; format: PackageFormat },
): Promise<ExportedPackage> {
  const found = await readVersion({ db }, model, version);
  await requireVerified(db, found.id);
  const files = await placeFiles({ db }, await allFiles(db, found.id));
  const archive = archives[format](files, (file) => openPlaced({ db, blobs, log }, file));
  return { version: found.version, contentDigest: found.contentDigest as Digest | null, ...archive };
}

type PlacedFile = StoredFile & PlacedBlob;
type Archive = (
  files: readonly PlacedFile[],
  read: (file: PlacedFile) => Promise<Readable>,
) => Pick<ExportedPackage, "sizeBytes" | "open">;

const archives: Record<PackageFormat, Archive> = {
  "tar.gz": (files, read) => {
    const entries = files.map((file): TarEntry => {
      const { path, sizeBytes } = file;
      return { type: "file", path, sizeBytes, executable: false, open: () => read(file) };
    });
    const sizeBytes = tarSizeBytes(entries);
    return { sizeBytes: gzipSizeBytes(sizeBytes), open: () => streamOf(gzip(tarStream(entries), sizeBytes)) };
  },
  zip: (files, read) => {
    const entries = files.map((file): ZipEntry => ({ ...file, open: () => read(file) }));
    return { sizeBytes: zipSizeBytes(entries), open: () => streamOf(inLargeChunks(zip(entries))) };
  },
};

function streamOf(chunks: AsyncIterable<Uint8Array>): Readable {
  return Readable.from(chunks, { objectMode: false, highWaterMark: 1024 * 1024 });
}
