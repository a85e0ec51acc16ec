import { createWriteStream, type WriteStream } from "node:fs";
import { link, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { BlobStat } from "./blob-store.ts";
import { ensureFolder, isMissing, syncFolder } from "./file-store-folders.ts";

interface Place {
  /** Where the bytes are when they are whole, and where until then. */
  path: string;
  part: string;
  /** Throws where so many bytes more would leave too little free. */
  requireRoom(sizeBytes: number): Promise<void>;
  signal: AbortSignal | undefined;
}

const chunkBytes = 1024 * 1024;
/** In which a fast disk takes some hundred megabytes. */
const lookEveryMs = 250;

/** Writes the part, syncs it, gives it its name, syncs the folder. Of what fails nothing stays; of what is killed, the
 *  part. */
export async function putFile(place: Place, body: Readable | Buffer): Promise<BlobStat> {
  const { path, part } = place;
  let linked = false;
  try {
    const sizeBytes = Buffer.isBuffer(body) ? await writeBytes(place, body) : await writeStream(place, body);
    // Unlike a rename, a link never replaces what is there.
    await inFolder(path, () => link(part, path));
    linked = true;
    await rm(part);
    await syncFolder(dirname(path));
    return { sizeBytes };
  } catch (error) {
    for (const left of linked ? [path, part] : [part]) await rm(left, { force: true }).catch(() => {});
    throw error;
  }
}

async function writeBytes({ part, requireRoom, signal }: Place, bytes: Buffer): Promise<number> {
  signal?.throwIfAborted();
  await requireRoom(bytes.length);
  const file = await inFolder(part, () => open(part, "wx"));
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  return bytes.length;
}

async function writeStream({ part, requireRoom, signal }: Place, body: Readable): Promise<number> {
  let file: WriteStream | undefined;
  // Others write at the same time, and not everyone says how much will come.
  const watch = setInterval(() => requireRoom(0).catch((error: Error) => file?.destroy(error)), lookEveryMs);
  try {
    await requireRoom(0);
    await ensureFolder(dirname(part));
    // `flush` syncs the file before it is closed.
    file = createWriteStream(part, { flags: "wx", flush: true, highWaterMark: chunkBytes });
    await pipeline(body, file, { signal });
    return file.bytesWritten;
  } catch (error) {
    body.destroy();
    // A file that is still being opened would come after its removal.
    if (file !== undefined && !file.closed) await new Promise<void>((closed) => file?.once("close", () => closed()));
    throw error;
  } finally {
    clearInterval(watch);
  }
}

/** Makes the folder only where it turns out to be missing, which is once. */
async function inFolder<T>(path: string, deed: () => Promise<T>): Promise<T> {
  try {
    return await deed();
  } catch (error) {
    if (!isMissing(error)) throw error;
    await ensureFolder(dirname(path));
    return deed();
  }
}
