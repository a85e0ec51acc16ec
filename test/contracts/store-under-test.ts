import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import type { BlobKey, BlobStore } from "#core/artifacts/blob-store.ts";

export interface StoreUnderTest {
  store: BlobStore;
  /** Every object that is there, complete or not, and every upload in parts: leftovers count. */
  objects(): Promise<string[]>;
  /** A store of the same kind that can keep nothing. */
  broken: BlobStore;
  /** Of one request to the store; a body that is longer goes in parts. */
  partBytes: number;
}

export const newKey = () => randomBytes(16).toString("hex") as BlobKey;

/** As bytes come from a connection. */
export function inChunks(bytes: Buffer, chunkBytes = 65_536): Readable {
  return Readable.from(
    (function* () {
      for (let start = 0; start < bytes.length; start += chunkBytes) yield bytes.subarray(start, start + chunkBytes);
    })(),
  );
}
