import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect, it } from "vitest";
import type { Blobs } from "#core/artifacts/blobs.ts";
import { storeBlob } from "#core/artifacts/blobs.ts";
import { fileBlobStore } from "#core/artifacts/file-blob-store.ts";
import { modelLayers, ownLayerBytes } from "#core/images/layers/model-layers.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { testDatabase } from "#test/test-database.ts";

const { db } = await testDatabase();
const folder = temporaryFolder();
const needs: Blobs = { db, blobs: fileBlobStore(folder) };
const options = { model: "churn", most: 10, signal: new AbortController().signal };

it.each([
  ["of its own", ownLayerBytes],
  ["that it shares", 1_000],
])("bytes that changed in the store never become a layer %s, and do once they were sent again", async (_, size) => {
  const bytes = randomBytes(size);
  const blob = await storeBlob(needs, Readable.from([bytes]));
  const files = [{ path: "model/weights.bin", ...blob }];
  const { key } = await db.blob.findUniqueOrThrow({ where: { digest: blob.digest } });
  const wrong = Buffer.from(bytes);
  wrong.writeUInt8(wrong.readUInt8(500) ^ 1, 500);
  writeFileSync(join(folder, key.slice(0, 2), key), wrong);
  await expect(modelLayers(needs, files, options)).rejects.toThrow("the store gives bytes with the digest");
  expect(await db.fileLayer.count()).toBe(0);
  await expect.poll(() => db.blob.count({ where: { damagedAt: null } })).toBe(0);
  await storeBlob(needs, Readable.from([bytes]));
  expect(await modelLayers(needs, files, options)).toHaveLength(1);
  await db.fileLayer.deleteMany();
  await db.blob.deleteMany();
});
