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
  return async (sizeBytes) => {
    if (leastFreeBytes === 0) return;
    if (performance.now() - read.atMs > freshMs) {
      read = { atMs: performance.now(), freeBytes: freeBytesOf(dir) };
    }
    const freeBytes = await read.freeBytes.catch((error: unknown) => {
      read.atMs = Number.NEGATIVE_INFINITY;
      throw storeFault(error);
    });
    if (freeBytes - sizeBytes < leastFreeBytes)
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
