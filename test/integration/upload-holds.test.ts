import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { expect, it } from "vitest";
import type { BlobKey } from "#core/artifacts/blob-store.ts";
import { digestOf } from "#core/artifacts/digest.ts";
import { newId } from "#core/database/ids.ts";
import { isSlipwayError } from "#core/errors.ts";
import { parseFilePath } from "#core/models/file-path.ts";
import { withHold } from "#core/uploads/hold-upload.ts";
import { startUpload } from "#core/uploads/start-upload.ts";
import { readUpload } from "#core/uploads/upload.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";

const service = await testService({ SLIPWAY_ARTIFACTS_DIR: "" }); // a folder in any case
const { registry } = service;
const { db } = registry;
await draftOf(service, "held", "1.0.0");
const file = { path: parseFilePath("a.bin"), sizeBytes: 10, digest: digestOf("0123456789") };
const actor = { name: "ana", requestId: null, address: null, tokenId: null };
const { id } = await startUpload(registry, { kind: "resumable", model: "held", version: "1.0.0", ...file }, actor);
const heldBy = async () => (await db.upload.findUniqueOrThrow({ where: { id } })).heldBy;
const isBusy = (work: Promise<unknown>) =>
  work.then(
    () => false,
    (error: unknown) => isSlipwayError(error, "upload_busy"),
  );

it("one request at a time holds an upload, and lets go of it whatever happens to it", async () => {
  await withHold(registry, id, async (hold) => {
    expect(await heldBy()).toBe(hold.id);
    expect(await isBusy(withHold(registry, id, async () => {}))).toBe(true);
  });
  expect(await heldBy()).toBeNull();
  const failing = withHold(registry, id, async () => {
    throw new Error("cut off");
  });
  await expect(failing).rejects.toThrow("cut off");
  expect(await heldBy()).toBeNull();
});

it("who is slow keeps it", async () => {
  await withHold(registry, id, async ({ signal }) => {
    const until = async () => (await db.upload.findUniqueOrThrow({ where: { id } })).heldUntil?.getTime() ?? 0;
    const first = await until();
    await waitUntil("it is extended", async () => (await until()) > first);
    expect(signal.aborted).toBe(false);
  });
});

it("of a process that has died it ends by itself; one that was only silent hears that it has lost it", async () => {
  const silent = withHold(registry, id, async ({ signal }) => {
    await db.upload.update({ where: { id }, data: { heldUntil: new Date(Date.now() - 1) } });
    return withHold(registry, id, async (next) => {
      await waitUntil("it has lost it", async () => signal.aborted);
      return next.id === (await heldBy()) && !next.signal.aborted;
    });
  });
  expect(await silent).toBe(true);
  expect(await heldBy()).toBeNull();
});

it("who cannot extend it lets go before another may take it", async () => {
  const until = async () => (await db.upload.findUniqueOrThrow({ where: { id } })).heldUntil?.getTime() ?? 0;
  let away = false;
  const failing: typeof db.$executeRaw = (...statement) =>
    away ? (Promise.reject(new Error("the database is away")) as never) : db.$executeRaw(...statement);
  const cut = new Proxy(db, { get: (of, name) => (name === "$executeRaw" ? failing : Reflect.get(of, name)) });
  await withHold({ ...registry, db: cut }, id, async ({ signal }) => {
    away = true;
    await once(signal, "abort");
    expect(Date.now()).toBeLessThan((await until()) + 5_000); // as a machine that is busy comes too late
    away = false;
  });
});

it("what a process had in its hands when it lost an upload never reaches the file", async () => {
  const bytes = randomBytes(1_000);
  const file = { path: parseFilePath("taken.bin"), sizeBytes: bytes.length, digest: null };
  const name = { model: "held", version: "1.0.0" };
  const begun = await startUpload(registry, { kind: "resumable", ...name, ...file }, actor);
  const { key, storeId } = await db.upload.findUniqueOrThrow({ where: { id: begun.id } });
  const frozen = await open(join(registry.config.artifacts.dir, "parts", `${key}.${storeId}.multi`), "r+");
  const lost = { heldBy: newId(), heldUntil: new Date(Date.now() - 1) };
  await db.upload.update({ where: { id: begun.id }, data: lost });
  const headers = { "tus-resumable": "1.0.0", "upload-offset": "0", "content-type": "application/offset+octet-stream" };
  const url = `/v1/models/held/versions/1.0.0/resumable/${begun.id}`;
  expect((await service.call("PATCH", url, { bytes, headers })).status).toBe(204);
  await frozen.write(Buffer.alloc(2_000), 0, 2_000, 0);
  await frozen.close();
  // One process has seen all of its bytes, and a worker reads them all the same.
  expect(await readUpload(registry, { ...name, id: begun.id })).toMatchObject({ status: "verifying" });
  expect((await buffer(await registry.blobs.open(key as BlobKey))).equals(bytes)).toBe(true);
});
