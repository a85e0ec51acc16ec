import { createHash, randomBytes, randomFillSync } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";

const chunkBytes = 4 * 1024 * 1024;

/** Bytes that do not compress, as weights do not. */
export async function makeRandomFile(path: string, sizeBytes: number): Promise<void> {
  const file = await open(path, "w");
  const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, sizeBytes));
  try {
    for (let written = 0; written < sizeBytes; written += chunk.length)
      await file.write(randomFillSync(chunk), 0, Math.min(chunk.length, sizeBytes - written));
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes it another file, new to every store, by its first bytes. */
export async function makeNew(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.write(randomBytes(32), 0, 32, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: chunkBytes }), hash);
  return hash.digest("hex");
}

/** `1 GiB`, `64 MiB` */
export function sizeInWords(bytes: number): string {
  return bytes % 1024 ** 3 === 0 ? `${bytes / 1024 ** 3} GiB` : `${Math.round(bytes / 1024 ** 2)} MiB`;
}
