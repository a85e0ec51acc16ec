import { statfs } from "node:fs/promises";
import { SlipwayError } from "#core/errors.ts";
import { ensureFolder, isMissing, storeFault } from "./file-store-folders.ts";

/** Throws `store_full` where so many bytes more would leave too little free. */
export type RequireRoom = (sizeBytes: number) => Promise<void>;

/** For so long a reading holds: a fast disk takes some hundred megabytes in it. */
export const freshMs = 250;

/** Keeps some bytes of a folder's disk free: a database on it that cannot write stops. 0 keeps nothing free, and asks
 *  nothing. */
export function keepFree(dir: string, leastFreeBytes: number): RequireRoom {
  let read = { atMs: Number.NEGATIVE_INFINITY, freeBytes: Promise.resolve(0) };
  const freeBytesWithin = async (ageMs: number): Promise<number> => {
    if (performance.now() - read.atMs > ageMs) read = { atMs: performance.now(), freeBytes: freeBytesOf(dir) };
    return read.freeBytes.catch((error: unknown) => {
      read.atMs = Number.NEGATIVE_INFINITY;
      throw storeFault(error);
    });
  };
  return async (sizeBytes) => {
    if (leastFreeBytes === 0) return;
    const wantedBytes = leastFreeBytes + sizeBytes;
    if ((await freeBytesWithin(freshMs)) >= wantedBytes) return;
    const freeBytes = await freeBytesWithin(0); // nobody is sent away by what was so
    if (freeBytes >= wantedBytes) return;
    throw new SlipwayError(
      "store_full",
      `the artifact store has ${freeBytes} bytes free, and ${leastFreeBytes} of them are kept free; nothing was kept, send it again when there is room`,
    );
  };
}

async function freeBytesOf(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir).catch(async (error: unknown) => {
    if (!isMissing(error)) throw error;
    await ensureFolder(dir);
    return statfs(dir);
  });
  return bavail * bsize;
}
