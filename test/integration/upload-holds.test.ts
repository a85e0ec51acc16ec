import { expect, it } from "vitest";
import { digestOf } from "#core/artifacts/digest.ts";
import { isSlipwayError } from "#core/errors.ts";
import { parseFilePath } from "#core/models/file-path.ts";
import { withHold } from "#core/uploads/hold-upload.ts";
import { startUpload } from "#core/uploads/start-upload.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";

const service = await testService();
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

it("who is slow keeps it", { timeout: 30_000 }, async () => {
  await withHold(registry, id, async ({ signal }) => {
    const until = async () => (await db.upload.findUniqueOrThrow({ where: { id } })).heldUntil?.getTime() ?? 0;
    const first = await until();
    await waitUntil("it is extended", async () => (await until()) > first, { withinMs: 10_000 });
    expect(signal.aborted).toBe(false);
  });
});

it("of a process that has died it ends by itself; one that was only silent hears that it has lost it", async () => {
  const silent = withHold(registry, id, async ({ signal }) => {
    await db.upload.update({ where: { id }, data: { heldUntil: new Date(Date.now() - 1) } });
    return withHold(registry, id, async (next) => {
      await waitUntil("it has lost it", async () => signal.aborted, { withinMs: 10_000 });
      return next.id === (await heldBy()) && !next.signal.aborted;
    });
  });
  expect(await silent).toBe(true);
  expect(await heldBy()).toBeNull();
});
