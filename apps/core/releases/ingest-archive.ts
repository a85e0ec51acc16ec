import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { BlobStore } from "#core/artifacts/blob-store.ts";
import { dropIngested } from "#core/artifacts/blobs.ts";
import type { Digest } from "#core/artifacts/digest.ts";
import { type Ingested, ingest, Meter, type SizeLimit, smallBytes } from "#core/artifacts/ingest.ts";
import { isSlipwayError, SlipwayError } from "#core/errors.ts";
import { layerFrame } from "#core/images/layers/model-layers.ts";
import { readTar } from "#core/inspect/tar/read-tar.ts";
import { type FileCountLimit, tighter } from "#core/models/file-limits.ts";
import { type FilePath, parseFilePath } from "#core/models/file-path.ts";
import { pathTaken } from "#core/models/file-rows.ts";
import { findClash } from "#core/models/path-clashes.ts";

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
  /** Of each file. */
  largest: SizeLimit | null;
  most: FileCountLimit;
  signal?: AbortSignal | undefined;
}

/** Stores the files of a tar or tar.gz as they stream in. Of one that is refused nothing stays. Throws
 *  `archive_invalid`, `too_many_files`, `file_too_large`, `space_exceeded`, `digest_mismatch`. */
export async function ingestArchive(
  blobs: BlobStore,
  { body, expectedDigest, limit, largest, most, signal }: Archive,
): Promise<IngestedArchive> {
  const paths = new Set<FilePath>();
  const files: IngestedFile[] = [];
  let sizeBytes = 0;
  const meter = new Meter(expectedDigest);
  body.on("error", (error) => meter.destroy(error));
  const small = someAtOnce();
  try {
    await readTar(body.pipe(meter), async (file) => {
      const path = inArchive(file.name);
      if (paths.has(path))
        throw new SlipwayError("archive_invalid", `the archive holds "${path}" twice: leave one of them out`);
      if (paths.size === most.files) throw most.refusal();
      paths.add(path);
      const left = limit === null ? null : { ...limit, bytes: limit.bytes - sizeBytes };
      sizeBytes += file.sizeBytes;
      const store = async (content: Readable | Buffer) => {
        const { sizeBytes: announcedBytes } = file;
        const frame = layerFrame(path, announcedBytes);
        const ingested = await ingest(blobs, content, { announcedBytes, signal, frame, limit: tighter(largest, left) });
        files.push({ path, ...ingested });
      };
      if (file.sizeBytes > smallBytes) return store(file.content);
      const bytes = await buffer(file.content);
      await small.add(() => store(bytes));
    });
    await small.ended();
    const clash = findClash([...paths]);
    if (clash !== null) throw inTheWay(...clash);
  } catch (error) {
    await small.ended().catch(() => {}); // that is the error, or came after it
    await dropIngested(
      blobs,
      files.map(({ key }) => key),
    );
    throw error;
  }
  const sorted = files.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  return { files: sorted, bodyDigest: meter.digests().digest };
}

/** Of a small file the disk, or the network, takes longer than its bytes: some are stored at once. */
const smallAtOnce = 16;

function someAtOnce(): { add(work: () => Promise<void>): Promise<void>; ended(): Promise<void> } {
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const throwFirst = (): void => {
    if (failures.length > 0) throw failures[0];
  };
  return {
    /** Waits for a place. Throws what one of them has thrown. */
    async add(work) {
      while (running.size >= smallAtOnce) await Promise.race(running);
      throwFirst();
      const one: Promise<void> = work()
        .catch((error: unknown) => void failures.push(error))
        .finally(() => running.delete(one));
      running.add(one);
    },
    async ended() {
      await Promise.all(running);
      throwFirst();
    },
  };
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
