/*
 * An upload in parts, as files:
 *
 *   <dir>/ab12….<id>.multi       the bytes, each part at its offset
 *   <dir>/ab12….<id>.multi.….part  a copy of them that is being made, for an object that no writer has open
 *   <dir>/ab12….<id>.multi.log   what of them is durable; a line each, the last one of a number counts:
 *
 *     part-bytes 8388608         of every part but the last
 *     part 3 8388608 5f0c…       number, bytes, etag
 *     void 3                     about to be overwritten
 *
 * A line that a crash cut off is passed over: each one starts on a line of its own. An etag names one writing of a part;
 * it says nothing about its bytes.
 */
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, link, open, readFile, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SlipwayError } from "#core/errors.ts";
import type { BlobKey, PartStore, PartsId, StoredPart, UnfinishedParts } from "./blob-store.ts";
import { ensureFolder, namesIn, nullIfMissing, storeFault, syncFolder } from "./file-store-folders.ts";
import type { RequireRoom } from "./free-space.ts";
import { appendDurably, openWhileWritten } from "./write-together.ts";

interface PartsLog {
  partBytes: number;
  parts: Map<number, StoredPart>;
}

/** `pathOf` is where the whole object goes. One writer at a time, as the rows see to: bytes that are still being written
 *  to a part when it is completed would change the object, unless `complete` is told of it. */
export function filePartStore(dir: string, pathOf: (key: BlobKey) => string, requireRoom: RequireRoom): PartStore {
  const multi = (key: BlobKey, id: PartsId) => join(dir, `${key}.${id}.multi`);
  const log = (key: BlobKey, id: PartsId) => `${multi(key, id)}.log`;
  const writing = openWhileWritten();
  return {
    limits: { leastBytes: 1, mostBytes: 5 * 1024 ** 3, mostParts: 10_000 },

    begin: (key, { partBytes }) =>
      faultsOfStore(async () => {
        const id = randomBytes(8).toString("hex") as PartsId;
        await ensureFolder(dir);
        await appendDurably(log(key, id), `part-bytes ${partBytes}`);
        await (await open(multi(key, id), "wx")).close();
        await syncFolder(dir);
        return id;
      }),

    put: (key, id, { number, bytes, offset }) =>
      faultsOfStore(async () => {
        const before = await readLog(log(key, id));
        if (before === null) throw incomplete("this upload is not open at the store");
        if (offset !== (number - 1) * before.partBytes || bytes.length > before.partBytes)
          throw new Error(
            `part ${number} of ${before.partBytes} bytes each cannot be ${bytes.length} bytes at ${offset}`,
          );
        await requireRoom(bytes.length);
        if (before.parts.has(number)) await appendDurably(log(key, id), `void ${number}`);
        const stored = { number, sizeBytes: bytes.length, etag: randomBytes(8).toString("hex") };
        await writing(multi(key, id), async ({ file, commit }) => {
          for (let written = 0; written < bytes.length; )
            written += (await file.write(bytes, written, bytes.length - written, offset + written)).bytesWritten;
          await commit(`part ${number} ${stored.sizeBytes} ${stored.etag}`);
        });
        return stored;
      }),

    list: (key, id) =>
      faultsOfStore(async () => {
        const { parts } = (await readLog(log(key, id))) ?? { parts: new Map<number, StoredPart>() };
        return [...parts.values()].sort((a, b) => a.number - b.number);
      }),

    complete: (key, id, parts, { mayBeWritten = false } = {}) =>
      faultsOfStore(async () => {
        const path = pathOf(key);
        const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
        const known = await readLog(log(key, id));
        // Killed between the last steps, it was complete before: the object is there, and parts may be left.
        const whole = (await stat(path).catch(nullIfMissing))?.size === sizeBytes;
        const bytes = await stat(multi(key, id)).catch(nullIfMissing);
        if (known !== null && bytes !== null) {
          requireAll(known, parts);
          if (!mayBeWritten) {
            await cutTo(multi(key, id), sizeBytes);
            await linkOnce(multi(key, id), path);
          } else if (!whole) {
            await requireRoom(sizeBytes);
            await linkCopy(multi(key, id), path, sizeBytes);
          }
        } else if (!whole) throw incomplete("the store has no parts of this upload");
        await syncFolder(dirname(path));
        await rm(multi(key, id), { force: true });
        await rm(log(key, id), { force: true });
        return { sizeBytes };
      }),

    abort: (key, id) =>
      faultsOfStore(async () => {
        await rm(multi(key, id), { force: true });
        await rm(log(key, id), { force: true });
      }),

    async *unfinished() {
      const page: UnfinishedParts[] = [];
      const names = new Set(await namesIn(dir));
      for (const name of names) {
        // Bytes whose log was lost count by themselves: nothing else would find them.
        const [, key, id, log] = /^(.+)\.([0-9a-f]{16})\.multi(\.log)?$/.exec(name) ?? [];
        if (key === undefined || (log === undefined && names.has(`${name}.log`))) continue;
        const found = await stat(join(dir, name)).catch(nullIfMissing);
        if (found !== null) page.push({ key: key as BlobKey, id: id as PartsId, begunAt: found.birthtime });
      }
      if (page.length > 0) yield page;
    },
  };
}

function requireAll({ partBytes, parts }: PartsLog, named: readonly StoredPart[]): void {
  if (named.length === 0) throw incomplete("no part is named");
  for (const [index, { number, sizeBytes, etag }] of named.entries()) {
    const stored = parts.get(number);
    if (number !== index + 1 || stored?.etag !== etag || stored.sizeBytes !== sizeBytes)
      throw incomplete(`the store has not part ${index + 1} as it is named`);
    if (index < named.length - 1 && sizeBytes !== partBytes)
      throw incomplete(`part ${number} has ${sizeBytes} bytes, and every part but the last has ${partBytes}`);
  }
}

/** The last part may have been longer when it was put before. */
async function cutTo(path: string, sizeBytes: number): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.truncate(sizeBytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Gives the bytes their final name. That they have it already is no error; that others have it is. */
async function linkOnce(from: string, to: string): Promise<void> {
  await ensureFolder(dirname(to));
  try {
    await link(from, to);
  } catch (error) {
    const [ours, theirs] = [await stat(from), await stat(to).catch(nullIfMissing)];
    if (theirs === null || theirs.ino !== ours.ino || theirs.dev !== ours.dev) throw error;
  }
}

/** Whoever has the file open goes on writing into it, and not into the copy (which takes no time where the disk can share
 *  the blocks). What is left of it by a kill goes with other abandoned bytes. */
async function linkCopy(from: string, to: string, sizeBytes: number): Promise<void> {
  const copy = `${from}.${randomBytes(4).toString("hex")}.part`;
  try {
    await copyFile(from, copy, constants.COPYFILE_FICLONE);
    await cutTo(copy, sizeBytes);
    await ensureFolder(dirname(to));
    await link(copy, to);
  } finally {
    await rm(copy, { force: true });
  }
}

async function readLog(path: string): Promise<PartsLog | null> {
  const text = await readFile(path, "utf8").catch(nullIfMissing);
  const partBytes = /^part-bytes (\d+)$/m.exec(text ?? "")?.[1];
  if (text === null || partBytes === undefined) return null;
  const parts = new Map<number, StoredPart>();
  for (const line of text.split("\n")) {
    const [, gone] = /^void (\d+)$/.exec(line) ?? [];
    if (gone !== undefined) parts.delete(Number(gone));
    const [, number, sizeBytes, etag = ""] = /^part (\d+) (\d+) ([0-9a-f]{16})$/.exec(line) ?? [];
    if (number !== undefined) parts.set(Number(number), { number: Number(number), sizeBytes: Number(sizeBytes), etag });
  }
  return { partBytes: Number(partBytes), parts };
}

function incomplete(what: string): SlipwayError {
  return new SlipwayError("upload_incomplete", `${what}; send what is missing, or start again`);
}

async function faultsOfStore<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storeFault(error);
  }
}
