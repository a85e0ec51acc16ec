import type { Readable } from "node:stream";
import type { BlobStore } from "#core/artifacts/blob-store.ts";
import { dropIngested } from "#core/artifacts/blobs.ts";
import type { Digest } from "#core/artifacts/digest.ts";
import { type Ingested, ingest, Meter, type SizeLimit } from "#core/artifacts/ingest.ts";
import { isSlipwayError, SlipwayError } from "#core/errors.ts";
import { type FilePath, foldPath, parseFilePath } from "#core/models/file-path.ts";
import { fileLimit, pathTaken, tooManyFiles } from "#core/models/files.ts";
import { readTar } from "./read-tar.ts";

/** A file of an archive whose bytes are in the store, and in no row yet. */
export interface IngestedFile extends Ingested {
  path: FilePath;
}

export interface IngestedArchive {
  /** By path, in the order of its bytes. */
  files: IngestedFile[];
  /** Of the archive as it came. */
  bodyDigest: Digest;
}

export interface Archive {
  body: Readable;
  expectedDigest?: Digest | undefined;
  /** Of all files together. */
  limit: SizeLimit | null;
  signal?: AbortSignal | undefined;
}

/** Stores the files of a tar or tar.gz as they stream in. Of one that is refused nothing stays. Throws
 *  `archive_invalid`, `too_many_files`, `digest_mismatch`. */
export async function ingestArchive(
  blobs: BlobStore,
  { body, expectedDigest, limit, signal }: Archive,
): Promise<IngestedArchive> {
  const files = new Map<FilePath, IngestedFile>();
  let sizeBytes = 0;
  const meter = new Meter(expectedDigest);
  body.on("error", (error) => meter.destroy(error));
  try {
    await readTar(body.pipe(meter), async (name, content) => {
      const path = inArchive(name);
      if (files.has(path))
        throw new SlipwayError("archive_invalid", `the archive holds "${path}" twice: leave one of them out`);
      if (files.size === fileLimit) throw tooManyFiles();
      const left = limit === null ? null : { ...limit, bytes: limit.bytes - sizeBytes };
      const ingested = await ingest(blobs, content, { signal, limit: left });
      sizeBytes += ingested.sizeBytes;
      files.set(path, { path, ...ingested });
    });
    checkClashes([...files.keys()]);
  } catch (error) {
    await dropIngested(
      blobs,
      [...files.values()].map(({ key }) => key),
    );
    throw error;
  }
  const sorted = [...files.values()].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  return { files: sorted, bodyDigest: meter.digest() };
}

/** The rule of `recordFile`, for files that come all at once. With "/" before all other characters, two that clash, or
 *  two that clash as they do, are neighbours. */
function checkClashes(paths: readonly FilePath[]): void {
  const keys = new Map(paths.map((path) => [path, foldPath(path).replaceAll("/", "\0")]));
  const sorted = paths.toSorted((a, b) => ((keys.get(a) ?? a) < (keys.get(b) ?? b) ? -1 : 1));
  for (const [index, path] of sorted.slice(1).entries()) {
    const before = sorted[index];
    if (before !== undefined && clash(before, path)) throw inTheWay(path, before);
  }
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

function inTheWay(path: string, by: string): SlipwayError {
  return new SlipwayError("archive_invalid", `in the archive, ${pathTaken(path, by).message}`);
}

/** `tar` writes `./` before each path when it is given a folder. */
function inArchive(name: string): FilePath {
  try {
    return parseFilePath(name.replace(/^(?:\.\/)+/, ""));
  } catch (error) {
    if (isSlipwayError(error, "invalid_path"))
      throw new SlipwayError("archive_invalid", `in the archive, ${error.message}`, { cause: error });
    throw error;
  }
}
