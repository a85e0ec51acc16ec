import { randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import type { BlobKey } from "#core/artifacts/blob-store.ts";
import { openBlob, storeBlob } from "#core/artifacts/blobs.ts";
import { digestOf } from "#core/artifacts/digest.ts";
import { testDatabase } from "#test/test-database.ts";
import { inChunks, type StoreUnderTest } from "./store-under-test.ts";

/** What becomes of the same bytes that come more than once. */
export function describeOneDigest({ store, objects, partBytes }: StoreUnderTest): void {
  describe("writers of one digest", async () => {
    const { db } = await testDatabase();
    const needs = { db, blobs: store };

    it.each([0, 1_000, partBytes + 5])(
      "at the same time keep one object of %i bytes, and all have it",
      async (size) => {
        const bytes = randomBytes(size);
        const blobs = await Promise.all(Array.from({ length: 4 }, () => storeBlob(needs, inChunks(bytes))));
        const blob = { digest: digestOf(bytes), sizeBytes: size };
        expect(blobs).toEqual(Array(4).fill(blob));
        const { key } = await db.blob.findUniqueOrThrow({ where: { digest: blob.digest } });
        expect(await objects()).toEqual([key]);
        expect((await buffer(await openBlob(needs, blob.digest))).equals(bytes)).toBe(true);

        await storeBlob(needs, inChunks(bytes));
        expect(await objects()).toEqual([key]);
        await store.remove(key as BlobKey);
      },
    );

    it("of which one fails keep what the other sends", async () => {
      const bytes = randomBytes(100_000);
      const failing = storeBlob(needs, inChunks(bytes), { expectedDigest: digestOf("other bytes") });
      const [failed, kept] = await Promise.allSettled([failing, storeBlob(needs, inChunks(bytes))]);
      expect([failed.status, kept.status]).toEqual(["rejected", "fulfilled"]);
      const { key } = await db.blob.findUniqueOrThrow({ where: { digest: digestOf(bytes) } });
      expect(await objects()).toEqual([key]);
      await store.remove(key as BlobKey);
    });
  });
}
