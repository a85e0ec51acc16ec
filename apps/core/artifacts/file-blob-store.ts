/*
 * Blobs as files:
 *
 *   <dir>/ab/ab12…              a blob, complete and synced
 *   <dir>/parts/ab12….….part    bytes still flowing, or left by a crash
 */
import { randomBytes } from "node:crypto";
import { constants, createReadStream, createWriteStream } from "node:fs";
import { access, link, mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { isSlipwayError, SlipwayError } from "#core/errors.ts";
import type { BlobKey, BlobStore } from "./blob-store.ts";

const chunkBytes = 1024 * 1024;
/** Each stream holds some chunks: past so many that are read at once they are smaller, lest readers that stall hold much. */
const manyReaders = 32;
const smallChunkBytes = 64 * 1024;
const partsFolder = "parts";
/** A sender that is silent for a minute is cut off: no bytes flow into what was not written for so long. */
const abandonedAfterMs = 10 * 60_000;

export function fileBlobStore(dir: string): BlobStore {
  const pathOf = (key: BlobKey): string => join(dir, key.slice(0, 2), key);
  let readers = 0;
  return {
    async put(key, body, { signal } = {}) {
      const path = pathOf(key);
      const part = join(dir, partsFolder, `${key}.${randomBytes(4).toString("hex")}.part`);
      let linked = false;
      try {
        await ensureFolder(dirname(part));
        await ensureFolder(dirname(path));
        // `flush` syncs the file before it is closed.
        const file = createWriteStream(part, { flags: "wx", flush: true, highWaterMark: chunkBytes });
        await pipeline(body, file, { signal });
        // Unlike a rename, a link never replaces what is there.
        await link(part, path);
        linked = true;
        await rm(part);
        await syncFolder(dirname(path));
        return { sizeBytes: file.bytesWritten };
      } catch (error) {
        body.destroy();
        for (const left of linked ? [path, part] : [part]) await rm(left, { force: true }).catch(() => {});
        throw storeFault(error);
      }
    },

    async open(key, range) {
      const handle = await open(pathOf(key)).catch((cause: unknown) => {
        throw isMissing(cause)
          ? new SlipwayError("blob_not_found", "these bytes are not in the store", { cause })
          : storeFault(cause);
      });
      const highWaterMark = readers < manyReaders ? chunkBytes : smallChunkBytes;
      readers += 1;
      return createReadStream("", { fd: handle, highWaterMark, ...(range ?? {}) }).once("close", () => {
        readers -= 1;
      });
    },

    async stat(key) {
      try {
        return { sizeBytes: (await stat(pathOf(key))).size };
      } catch (error) {
        if (isMissing(error)) return null;
        throw storeFault(error);
      }
    },

    async remove(key) {
      await rm(pathOf(key), { force: true });
    },

    async check() {
      await ensureFolder(dir);
      await access(dir, constants.R_OK | constants.W_OK | constants.X_OK);
    },
  };
}

/** Removes what killed processes left of bytes that were on their way into the store. */
export async function removeAbandonedParts(dir: string): Promise<void> {
  const folder = join(dir, partsFolder);
  for (const name of await namesIn(folder)) {
    const part = join(folder, name);
    const found = await stat(part).catch(nullIfMissing);
    if (found !== null && found.mtimeMs < Date.now() - abandonedAfterMs) await rm(part, { force: true });
  }
}

/** The key of every blob that is complete, with or without a row. */
export async function* storedKeys(dir: string): AsyncGenerator<BlobKey> {
  for (const name of await namesIn(dir))
    if (name !== partsFolder) for (const key of await namesIn(join(dir, name))) yield key as BlobKey;
}

/** A new folder's name is durable only when its parent is synced, at each level that was made. */
async function ensureFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** What the file system refuses (no space, no permission, a disk that is gone) is the store's fault, not the body's. */
function storeFault(error: unknown): unknown {
  const isOurs = error instanceof Error && "code" in error && "syscall" in error;
  if (!isOurs || isSlipwayError(error)) return error;
  const isFull = error.code === "ENOSPC" || error.code === "EDQUOT";
  const message = isFull
    ? "the artifact store has no space left; nothing was kept, send it again when there is"
    : "the artifact store cannot be used at the moment; try again shortly";
  return new SlipwayError("unavailable", message, { cause: error });
}

function nullIfMissing(error: unknown): null {
  if (isMissing(error)) return null;
  throw error;
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(nullIfMissing)) ?? [];
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
