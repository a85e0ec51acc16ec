import { statfs } from "node:fs/promises";
import { SlipwayError } from "#core/errors.ts";
import { ensureFolder, storeFault } from "./file-store-folders.ts";

/** Throws `store_full` where so many bytes more would leave the folder's disk with less than is kept free: a database on it
 *  that cannot write stops. 0 keeps nothing free, and asks nothing. */
export async function requireFreeSpace(
  dir: string,
  { leastFreeBytes, sizeBytes }: { leastFreeBytes: number; sizeBytes: number },
): Promise<void> {
  if (leastFreeBytes === 0) return;
  const freeBytes = await freeBytesOf(dir).catch((error: unknown) => {
    throw storeFault(error);
  });
  if (freeBytes - sizeBytes >= leastFreeBytes) return;
  throw new SlipwayError(
    "store_full",
    `the artifact store has ${freeBytes} bytes free, and ${leastFreeBytes} of them are kept free; nothing was kept, send it again when there is room`,
  );
}

async function freeBytesOf(dir: string): Promise<number> {
  await ensureFolder(dir);
  const { bavail, bsize } = await statfs(dir);
  return bavail * bsize;
}
