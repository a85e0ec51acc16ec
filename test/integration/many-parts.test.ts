import { expect, it } from "vitest";
import type { BlobStore } from "#core/artifacts/blob-store.ts";
import { parseFilePath } from "#core/models/file-path.ts";
import { withHold } from "#core/uploads/hold-upload.ts";
import { receiveParts } from "#core/uploads/receive-parts.ts";
import { startUpload } from "#core/uploads/start-upload.ts";
import { readUpload } from "#core/uploads/upload.ts";
import { draftOf, testService } from "#test/test-service.ts";

const mostParts = 10_000;
const actor = { name: "ana", requestId: null, address: null, tokenId: null };

it("one request with a checksum puts the largest file on record: all of its parts at once", async () => {
  const { registry, ...service } = await testService();
  await draftOf({ registry, ...service }, "many", "1.0.0");
  const { db } = registry;
  const at = { model: "many", version: "1.0.0" };
  const file = { path: parseFilePath("a.bin"), sizeBytes: mostParts, digest: null };
  const { id } = await startUpload(registry, { kind: "resumable", ...at, ...file }, actor);
  // A byte each: eighty gigabytes take too long, and what counts is the rows. The store's part of it is not waited for.
  await db.upload.update({ where: { id }, data: { partBytes: 1 } });
  const parts: BlobStore["parts"] = {
    ...registry.blobs.parts,
    put: async (_key, _id, { number, bytes }) => ({ number, sizeBytes: bytes.length, etag: `e${number}` }),
  };
  await withHold(registry, id, async (hold) => {
    const upload = await readUpload(registry, { ...at, id });
    const blobs = { ...registry.blobs, parts };
    const receiver = await receiveParts({ db, blobs }, upload, hold, { atOnce: false });
    await receiver.take(Buffer.alloc(mostParts));
    expect(await db.uploadPart.count()).toBe(0);
    await receiver.save();
    expect(receiver.savedBytes).toBe(mostParts);
  });
  expect(await db.upload.findUniqueOrThrow({ where: { id } })).toMatchObject({ receivedBytes: BigInt(mostParts) });
  expect(await db.uploadPart.count()).toBe(mostParts);
  expect(await db.uploadPart.findFirst({ where: { number: mostParts } })).toMatchObject({
    sizeBytes: 1n,
    etag: "e10000",
  });
});
