import { Readable } from "node:stream";
import type { Digest } from "#core/artifacts/digest.ts";
import { inLargeChunks, type TarEntry, tarSizeBytes, tarStream } from "#core/images/layers/tar.ts";
import { allFiles, type StoredFile } from "#core/models/files.ts";
import { openPlaced, placeFiles } from "#core/models/send-file.ts";
import { readVersion } from "#core/models/version.ts";
import type { Registry } from "#core/registry.ts";
import { requireVerified } from "#core/uploads/require-verified.ts";
import { gzip, gzipSizeBytes } from "./gzip.ts";
import { zip, zipSizeBytes } from "./zip.ts";

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

/** Made for the archive, beside the package's own files. */
export interface GeneratedFile {
  path: string;
  bytes: Buffer;
  executable: boolean;
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
  const files = await allFiles(db, found.id);
  const archive = await archiveOf({ db, blobs, log }, { files, generated: [], format });
  return { version: found.version, contentDigest: found.contentDigest as Digest | null, ...archive };
}

/** Both kinds of files as one archive. No two may have one path. */
export async function archiveOf(
  { db, blobs, log }: Pick<Registry, "db" | "blobs" | "log">,
  {
    files,
    generated,
    format,
  }: { files: readonly StoredFile[]; generated: readonly GeneratedFile[]; format: PackageFormat },
): Promise<Pick<ExportedPackage, "sizeBytes" | "open">> {
  const stored = (await placeFiles({ db }, files)).map(
    (file): Entry => ({ ...file, executable: false, open: () => openPlaced({ db, blobs, log }, file) }),
  );
  if (generated.length === 0) return archives[format](stored);
  const made = generated.map(
    ({ path, bytes, executable }): Entry => ({
      path,
      sizeBytes: bytes.length,
      executable,
      open: async () => Readable.from([bytes]),
    }),
  );
  return archives[format]([...stored, ...made].sort((a, b) => (a.path < b.path ? -1 : 1)));
}

interface Entry {
  path: string;
  sizeBytes: number;
  executable: boolean;
  open(): Promise<Readable>;
}
type Archive = (entries: readonly Entry[]) => Pick<ExportedPackage, "sizeBytes" | "open">;

const archives: Record<PackageFormat, Archive> = {
  "tar.gz": (entries) => {
    const files = entries.map((entry): TarEntry => ({ type: "file", ...entry }));
    const sizeBytes = tarSizeBytes(files);
    return { sizeBytes: gzipSizeBytes(sizeBytes), open: () => streamOf(gzip(tarStream(files), sizeBytes)) };
  },
  zip: (entries) => ({
    sizeBytes: zipSizeBytes(entries),
    open: () => streamOf(inLargeChunks(zip(entries))),
  }),
};

function streamOf(chunks: AsyncIterable<Uint8Array>): Readable {
  return Readable.from(chunks, { objectMode: false, highWaterMark: 1024 * 1024 });
}
