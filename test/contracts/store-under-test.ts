import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { afterEach, expect } from "vitest";
import type { BlobKey, BlobStore } from "#core/artifacts/blob-store.ts";
import { isSlipwayError } from "#core/errors.ts";

export interface StoreUnderTest {
  store: BlobStore;
  /** Every object that is there, complete or not, and every upload in parts: leftovers count. */
  objects(): Promise<string[]>;
  /** Removes objects that are whole, many at once. */
  clear(keys: readonly BlobKey[]): Promise<unknown>;
  /** A store of the same kind that can keep nothing. */
  broken: BlobStore;
  /** Of one request to the store; a body that is longer goes in parts. */
  partBytes: number;
}

/** A source of keys for the tests of a `describe`. At the end of each test what is whole under its keys is removed, and
 *  then the store has to be as empty as before: whatever else is there was left behind. */
export function keysOfTests({ clear, objects }: Pick<StoreUnderTest, "clear" | "objects">): () => BlobKey {
  let keys: BlobKey[] = [];
  afterEach(async () => {
    const ended = keys;
    keys = [];
    await clear(ended);
    expect(await objects(), "what the test left behind").toEqual([]);
  });
  return () => {
    const key = randomBytes(16).toString("hex") as BlobKey;
    keys.push(key);
    return key;
  };
}

/** As bytes come from a connection. */
export function inChunks(bytes: Buffer, chunkBytes = 65_536): Readable {
  return Readable.from(
    (function* () {
      for (let start = 0; start < bytes.length; start += chunkBytes) yield bytes.subarray(start, start + chunkBytes);
    })(),
  );
}

/** Sixteen of them. */
export async function someAtOnce<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  const waiting = items.values();
  const one = async () => {
    for (const item of waiting) await act(item);
  };
  await Promise.all(Array.from({ length: 16 }, one));
}

/** What a promise failed with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "no error",
    (error: unknown) => (isSlipwayError(error) ? error.code : String(error)),
  );
}
