/*
 * Blobs as files:
 *
 *   <dir>/ab/ab12…              a blob, complete and synced where a row names it
 *   <dir>/parts/ab12….….part    bytes still flowing, or left by a crash
 *   <dir>/parts/ab12….….multi*  an upload in parts: see file-part-store.ts
 */
import { randomBytes } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { access, open, rm, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { SlipwayError } from "#core/errors.ts";
import type { BlobKey, BlobStore, StoredObject } from "./blob-store.ts";
import { filePartStore } from "./file-part-store.ts";
import { putBody, putBytes } from "./file-put.ts";
import { ensureFolder, foldersIn, isMissing, namesIn, nullIfMissing, storeFault } from "./file-store-folders.ts";
import { keepFree } from "./free-space.ts";

const chunkBytes = 1024 * 1024;
/** Each stream holds some chunks: past so many that are read at once they are smaller, lest readers that stall hold much. */
const manyReaders = 32;
const smallChunkBytes = 64 * 1024;
const partsFolder = "parts";
const partEnding = ".part";
/** So many letters of a key name the folder that it is in. */
const foldedLength = 2;
/** A sender that is silent for a minute is cut off: no bytes flow into what was not written for so long. */
const abandonedAfterMs = 10 * 60_000;
const pageOfObjects = 1000;

export function fileBlobStore(dir: string, { leastFreeBytes = 0 }: { leastFreeBytes?: number } = {}): BlobStore {
  const requireRoom = keepFree(dir, leastFreeBytes);
  const pathOf = (key: BlobKey): string => join(dir, key.slice(0, foldedLength), key);
  const partOf = (key: BlobKey): string =>
    join(dir, partsFolder, `${key}.${randomBytes(4).toString("hex")}${partEnding}`);
  let readers = 0;
  return {
    async put(key, body, { signal } = {}) {
      const place = { path: pathOf(key), requireRoom, signal };
      const putting = Buffer.isBuffer(body) ? putBytes(place, body) : putBody({ ...place, part: partOf(key) }, body);
      return putting.catch((error: unknown) => {
        throw storeFault(error);
      });
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
      await unlink(pathOf(key)).catch(nullIfMissing);
    },

    async check() {
      await ensureFolder(dir);
      await access(dir, constants.R_OK | constants.W_OK | constants.X_OK);
    },

    requireRoom,

    async *list() {
      let page: StoredObject[] = [];
      for await (const key of storedKeys(dir)) {
        const found = await stat(pathOf(key)).catch(nullIfMissing);
        // The inode changes last when it gets its name, however long before its first bytes came.
        if (found?.isFile()) page.push({ key, sizeBytes: found.size, storedAt: found.ctime });
        if (page.length === pageOfObjects) {
          yield page;
          page = [];
        }
      }
      if (page.length > 0) yield page;
    },

    parts: filePartStore(join(dir, partsFolder), pathOf, requireRoom),
    direct: null,
    close() {},
  };
}

/** Removes what killed processes left of bytes that were on their way into the store by `put`. An upload in parts may rest
 *  for as long as its row says; one without a row is the collector's. */
export async function removeAbandonedParts(dir: string): Promise<void> {
  const folder = join(dir, partsFolder);
  for (const name of await namesIn(folder)) {
    if (!name.endsWith(partEnding)) continue;
    const part = join(folder, name);
    const found = await stat(part).catch(nullIfMissing);
    if (found !== null && found.mtimeMs < Date.now() - abandonedAfterMs) await rm(part, { force: true });
  }
}

/** The key of every blob that is complete, with or without a row. Whatever else somebody keeps in the folder (`lost+found`,
 *  the snapshots of a file server, what a copy has not yet renamed) is passed over, and not looked into. */
async function* storedKeys(dir: string): AsyncGenerator<BlobKey> {
  for (const { name: folder } of await foldersIn(dir))
    if (folder.length === foldedLength)
      for (const name of await namesIn(join(dir, folder))) if (name.startsWith(folder)) yield name as BlobKey;
}
