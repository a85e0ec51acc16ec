import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import type { BlobKey } from "#core/artifacts/blob-store.ts";
import { newId } from "#core/database/ids.ts";
import { cleanUp } from "#core/releases/clean-up.ts";
import { sealed } from "#test/sealed.ts";
import { serviceCommand } from "#test/service-command.ts";
import { storedObjects } from "#test/stored-objects.ts";
import { draftOf, type TestService, testService } from "#test/test-service.ts";

const signal = new AbortController().signal;

/** As if nobody had touched anything for so many days. */
const letPass = ({ registry }: TestService, days: number) =>
  registry.db.$executeRaw`UPDATE audit SET at = at - ${days}::float8 * interval '1 day'`;

async function upload({ registry: { db, blobs } }: TestService, row: { expiresAt: Date; heldUntil?: Date }) {
  const key = randomBytes(16).toString("hex") as BlobKey;
  const storeId = await blobs.parts.begin(key, { partBytes: 5 * 1024 ** 2 });
  const { id: versionId } = await db.version.findFirstOrThrow({ orderBy: { number: "asc" } });
  const id = newId();
  const fixed = { kind: "resumable", path: id, sizeBytes: 9, partBytes: 5, createdBy: "x" };
  await db.upload.create({ data: { id, versionId, key, storeId, ...fixed, ...row } });
  return id;
}

it("drafts that nobody has touched for ninety days are deleted by Slipway, and no others", async () => {
  const service = await testService();
  const { call, registry } = service;
  await draftOf(service, "m", "1.0.0", { "a.bin": "a" });
  await draftOf(service, "m", "1.1.0", { "b.bin": "b" });
  await draftOf(service, "m", "1.2.0", { "c.bin": "c" });
  await draftOf(service, "busy", "1.0.0");
  await sealed(service, "m", "2.0.0");
  const { id: versionId } = await registry.db.version.findFirstOrThrow({ where: { model: { name: "busy" } } });
  const uploading = await upload(service, { expiresAt: new Date(Date.now() + 3_600_000) });
  await registry.db.upload.update({ where: { id: uploading }, data: { versionId } });
  await letPass(service, 89);
  expect(await cleanUp(registry, signal)).toMatchObject({ expiredDrafts: 0 });
  await call("PUT", "/v1/models/m/versions/1.1.0/files/b.bin", { bytes: "touched" });
  await call("PATCH", "/v1/models/m/versions/1.2.0", { json: { description: "touched" } });
  await letPass(service, 2);
  const dry = await serviceCommand(service, "collect-garbage", ["--dry-run"]);
  expect(dry.output.split("\n").filter((line) => line.startsWith("draft"))).toEqual([
    expect.stringMatching(/ m:1\.0\.0$/),
  ]);
  expect(await cleanUp(registry, signal)).toMatchObject({ expiredDrafts: 1, expiredUploads: 0 });
  const left = await call("GET", "/v1/models/m/versions");
  expect(left.json.items.map(({ version }: { version: string }) => version)).toEqual(["1.1.0", "1.2.0", "2.0.0"]);
  expect((await call("GET", "/v1/models/busy/versions/1.0.0")).status).toBe(200);
  const audit = await call("GET", "/v1/audit?action=version.delete");
  expect(audit.json.items).toEqual([expect.objectContaining({ actor: "slipway", object: "m:1.0.0" })]);
});

it("drafts stay for ever where SLIPWAY_DRAFT_DAYS is 0", async () => {
  const service = await testService({ SLIPWAY_DRAFT_DAYS: "0" });
  await draftOf(service, "m", "1.0.0");
  await letPass(service, 10_000);
  expect(await cleanUp(service.registry, signal)).toMatchObject({ expiredDrafts: 0 });
});

it("uploads past their time are cancelled with their parts, unless bytes of them are just coming in", async () => {
  const service = await testService();
  const { db } = service.registry;
  await draftOf(service, "m", "1.0.0");
  const past = new Date(Date.now() - 1_000);
  const future = new Date(Date.now() + 3_600_000);
  const expired = await upload(service, { expiresAt: past });
  const held = await upload(service, { expiresAt: past, heldUntil: future });
  const open = await upload(service, { expiresAt: future });
  const before = await storedObjects(service.registry);
  expect(await cleanUp(service.registry, signal)).toMatchObject({ expiredUploads: 1 });
  const states = await db.upload.findMany({ select: { id: true, state: true } });
  expect(new Map(states.map(({ id, state }) => [id, state]))).toEqual(
    new Map([
      [expired, "cancelled"],
      [held, "open"],
      [open, "open"],
    ]),
  );
  expect((await storedObjects(service.registry)).length).toBe((before.length / 3) * 2);
  expect(await db.doomedObject.count()).toBe(0);
});
