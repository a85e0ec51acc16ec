import { createWriteStream, type WriteStream } from "node:fs";
import { link, open, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { BlobStat } from "./blob-store.ts";
import { ensureFolder, isMissing, syncFolder } from "./file-store-folders.ts";
import { freshMs, type RequireRoom } from "./free-space.ts";

interface Place {
  /** Where the bytes are when they are whole, and where until then. */
  path: string;
  part: string;
  requireRoom: RequireRoom;
  signal: AbortSignal | undefined;
}

const chunkBytes = 1024 * 1024;

/** Writes, syncs, then syncs the folder. Of what fails nothing stays. What is killed leaves bytes of a key that nobody was
 *  told. */
export async function putBytes({ path, requireRoom, signal }: Omit<Place, "part">, bytes: Buffer): Promise<BlobStat> {
  signal?.throwIfAborted();
  await requireRoom(bytes.length);
  const file = await inFolder(path, () => open(path, "wx"));
  try {
    await file
      .writeFile(bytes)
      .then(() => file.sync())
      .finally(() => file.close());
    await syncFolder(dirname(path));
    return { sizeBytes: bytes.length };
  } catch (error) {
    await removeLeft(path);
    throw error;
  }
}

/** The same of bytes that take their time: the part gets its name when it is whole. */
export async function putBody(place: Place, body: Readable): Promise<BlobStat> {
  const { path, part } = place;
  let linked = false;
  try {
    const sizeBytes = await writeStream(place, body);
    // Unlike a rename, a link never replaces what is there.
    await inFolder(path, () => link(part, path));
    linked = true;
    await unlink(part);
    await syncFolder(dirname(path));
    return { sizeBytes };
  } catch (error) {
    for (const left of linked ? [path, part] : [part]) await removeLeft(left);
    throw error;
  }
}

/** Gone already, or the collector's. */
async function removeLeft(path: string): Promise<void> {
  await unlink(path).catch(() => {});
}

async function writeStream({ part, requireRoom, signal }: Place, body: Readable): Promise<number> {
  let file: WriteStream | undefined;
  // Others write at the same time, and not everyone says how much will come.
  const watch = setInterval(() => requireRoom(0).catch((error: Error) => file?.destroy(error)), freshMs);
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
