import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { BlobKey, BlobStore } from "#core/artifacts/blob-store.ts";
import { keepIngested, referToBlobs, storeBlob } from "#core/artifacts/blobs.ts";
import { collectGarbage } from "#core/artifacts/collect-garbage.ts";
import { digestOf } from "#core/artifacts/digest.ts";
import { doomObjects } from "#core/artifacts/doomed-objects.ts";
import { ingest } from "#core/artifacts/ingest.ts";
import { ownerKey } from "#core/artifacts/store-owner.ts";
import { kept } from "#test/aftermath.ts";
import { predictorPackage, sealed } from "#test/sealed.ts";
import { serviceCommand } from "#test/service-command.ts";
import { workerProcess } from "#test/service-processes.ts";
import { storedObjects } from "#test/stored-objects.ts";
import { s3Settings } from "#test/test-bucket.ts";
import { draftOf, type TestService, testService } from "#test/test-service.ts";
import { findingsOf } from "#test/verified.ts";
import { waitUntil } from "#test/wait-until.ts";

const hour = 3_600_000;
const signal = new AbortController().signal;
const collect = ({ registry }: TestService, graceMs: number, blobs: BlobStore = registry.blobs) =>
  collectGarbage({ db: registry.db, blobs }, { graceMs, signal });
const bytesOf = (text: string) => Readable.from([Buffer.from(text)]);
const newKey = () => randomBytes(16).toString("hex") as BlobKey;

const digests = async ({ registry }: TestService) =>
  (await registry.db.blob.findMany({ orderBy: { digest: "asc" } })).map(({ digest }) => digest);

/** As if everything were older than it is. */
const letPass = ({ registry }: TestService, ms: number) =>
  registry.db.$executeRaw`UPDATE blobs SET condemned_at = condemned_at - ${ms}::float8 * interval '1 millisecond'`;

describe("a blob that nothing refers to", () => {
  it("goes with its bytes once it has been so for the grace time, and no sooner", async () => {
    const service = await testService();
    await draftOf(service, "churn", "1.0.0", { "a.bin": "of a draft that goes", "b.bin": "shared" });
    await draftOf(service, "churn", "1.1.0", { "b.bin": "shared" });
    await service.call("DELETE", "/v1/models/churn/versions/1.0.0");
    expect(await collect(service, hour)).toMatchObject({ blobs: 0, objects: 0, sizeBytes: 0, fault: null });
    expect(await digests(service)).toHaveLength(2);

    await letPass(service, hour);
    expect(await collect(service, hour)).toMatchObject({ blobs: 1, objects: 0, sizeBytes: 20, fault: null });
    expect(await digests(service)).toEqual([digestOf(Buffer.from("shared"))]);
    expect(await storedObjects(service.registry)).toHaveLength(1);
    expect(await service.registry.db.doomedObject.count()).toBe(0);
    const read = await service.call("GET", "/v1/models/churn/versions/1.1.0/files/b.bin");
    expect(read.bytes.toString()).toBe("shared");
  });

  it("takes along what is known of the layers that it was", async () => {
    const service = await testService();
    const { db } = service.registry;
    await draftOf(service, "m", "1.0.0", { "a.bin": "goes", "b.bin": "stays" });
    const layerOf = (text: string) => ({
      path: text,
      blobDigest: digestOf(Buffer.from(text)),
      layerDigest: "sha256:0",
    });
    await db.fileLayer.createMany({ data: [layerOf("goes"), layerOf("stays")] });
    await service.call("DELETE", "/v1/models/m/versions/1.0.0/files/a.bin");
    await collect(service, hour);
    expect(await db.fileLayer.count()).toBe(2);
    await letPass(service, hour);
    await collect(service, hour);
    expect(await db.fileLayer.findMany()).toEqual([layerOf("stays")]);
  });

  it("stays when it is referred to again, and its time begins anew", async () => {
    const service = await testService();
    const { db } = service.registry;
    const put = () => service.call("PUT", "/v1/models/m/versions/1.0.0/files/a.bin", { bytes: "again" });
    await draftOf(service, "m", "1.0.0", { "a.bin": "again" });
    const remove = () => service.call("DELETE", "/v1/models/m/versions/1.0.0/files/a.bin");
    await remove();
    await collect(service, hour);
    await letPass(service, hour);
    await put();
    expect((await collect(service, hour)).blobs).toBe(0);
    await remove();
    expect((await collect(service, hour)).blobs).toBe(0);
    await letPass(service, hour);
    const digest = digestOf(Buffer.from("again"));
    expect(await db.$transaction((tx) => referToBlobs(tx, [digest, digestOf(Buffer.from("never"))]))).toEqual(
      new Set([digest]),
    );
    expect((await collect(service, hour)).blobs).toBe(0);
    expect(await digests(service)).toEqual([digest]);
  });

  it("is none while a base or a runtime has it for a layer, or a sealed version for a file", async () => {
    const service = await testService();
    const { db, blobs } = service.registry;
    const layer = async (text: string) => storeBlob({ db, blobs }, bytesOf(text));
    const [base, runtime] = [await layer("of a base"), await layer("of a runtime")];
    await layer("of nothing");
    await db.base.create({ data: { source: "s", record: { layers: [{ digest: base.digest }] } } });
    await db.runtime.create({ data: { key: "k", lock: {}, layers: [{ digest: runtime.digest }] } });
    await sealed(service, "m", "1.0.0");
    await collect(service, 0);
    await sleep(5);
    await collect(service, 0);
    const files = [...Object.values(predictorPackage), "m 1.0.0"].map((text) => digestOf(Buffer.from(text)));
    expect(await digests(service)).toEqual([base.digest, runtime.digest, ...files].sort());
    expect(await storedObjects(service.registry)).toHaveLength(2 + files.length);
  });
});

it("a blob that is condemned and whose bytes are gone, as a backup may have it, is one again with the next upload", async () => {
  const service = await testService();
  const { db, blobs } = service.registry;
  const { digest } = await storeBlob({ db, blobs }, bytesOf("restored"));
  await collect(service, hour);
  const { key } = await db.blob.findUniqueOrThrow({ where: { digest } });
  await blobs.remove(key as BlobKey);
  expect(await findingsOf({ db, blobs })).toEqual([]);
  await draftOf(service, "m", "1.0.0", { "a.bin": "restored" });
  await letPass(service, 2 * hour);
  expect(await collect(service, hour)).toMatchObject({ blobs: 0 });
  const read = await service.call("GET", "/v1/models/m/versions/1.0.0/files/a.bin");
  expect([read.status, read.bytes.toString()]).toEqual([200, "restored"]);
  expect(await findingsOf({ db, blobs })).toEqual([]);
});

it("an object that another took the place of is kept for the grace time, since a backup may name it", async () => {
  const service = await testService();
  const { db, blobs } = service.registry;
  const { digest } = await storeBlob({ db, blobs }, bytesOf("again"));
  const keyOf = async () => (await db.blob.findUniqueOrThrow({ where: { digest } })).key as BlobKey;
  const old = await keyOf();
  await collect(service, hour); // condemned
  await draftOf(service, "m", "1.0.0", { "a.bin": "again" });
  expect(await keyOf()).not.toBe(old);
  expect(await collect(service, hour)).toMatchObject({ blobs: 0, objects: 0, fault: null });
  expect(await blobs.stat(old)).toEqual({ sizeBytes: 5 });
  await db.$executeRaw`UPDATE doomed_objects SET since = since - interval '2 hours'`;
  await collect(service, hour);
  expect(await blobs.stat(old)).toBeNull();
  expect(await storedObjects(service.registry)).toEqual([await keyOf()]);
  expect(await db.doomedObject.count()).toBe(0);
});

describe("bytes that no row names", () => {
  it("go when they are older than the grace time: objects, parts, and what was doomed and is still there", async () => {
    const service = await testService();
    const { db, blobs } = service.registry;
    await draftOf(service, "m", "1.0.0", { "a.bin": "kept" });
    const before = await storedObjects(service.registry);
    const [orphan, doomed, parted] = [newKey(), newKey(), newKey()];
    await blobs.put(orphan, bytesOf("bytes first"));
    await blobs.put(doomed, bytesOf("killed before its removal"));
    await db.$transaction((tx) => doomObjects(tx, [{ key: doomed, storeId: null }]));
    const storeId = await blobs.parts.begin(parted, { partBytes: 5 * 1024 ** 2 });
    await blobs.parts.put(parted, storeId, { number: 1, bytes: Buffer.from("some"), offset: 0 });

    expect(await collect(service, hour)).toMatchObject({ objects: 0, uploads: 0 });
    expect(await blobs.stat(orphan)).not.toBeNull();
    expect(await blobs.stat(doomed)).toBeNull();
    await sleep(1_100); // S3 tells time in seconds
    expect(await collect(service, 0)).toMatchObject({ objects: 1, uploads: 1, fault: null });
    expect(await storedObjects(service.registry)).toEqual(before);
  });

  it("are those of no upload that is in progress", async () => {
    const service = await testService();
    const { db, blobs } = service.registry;
    await draftOf(service, "m", "1.0.0");
    const [key, tailKey] = [newKey(), newKey()];
    const storeId = await blobs.parts.begin(key, { partBytes: 5 * 1024 ** 2 });
    await blobs.put(tailKey, bytesOf("not a part yet"));
    const { id: versionId } = await db.version.findFirstOrThrow();
    const row = { kind: "resumable", versionId, path: "a", sizeBytes: 9, key, storeId, partBytes: 5, tailKey };
    const { id } = await db.upload.create({
      data: { id: "01931c2e-0000-7000-8000-000000000000", createdBy: "x", expiresAt: new Date(), ...row },
    });
    const before = await storedObjects(service.registry);
    await sleep(1_100);
    expect(await collect(service, 0)).toMatchObject({ objects: 0, uploads: 0 });
    expect(await storedObjects(service.registry)).toEqual(before);
    await db.upload.update({ where: { id }, data: { state: "cancelled", tailKey: null } });
    expect(await collect(service, 0)).toMatchObject({ objects: 1, uploads: 1 });
    expect(await storedObjects(service.registry)).toEqual([]);
  });

  it("are refused a row once they were taken for garbage, however late that comes", async () => {
    const service = await testService();
    const { db, blobs } = service.registry;
    const late = await ingest(blobs, bytesOf("an upload that took a day"));
    await sleep(1_100);
    expect(await collect(service, 0)).toMatchObject({ objects: 1 });
    await collect(service, 0);
    await expect(db.$transaction((tx) => keepIngested(tx, [late]))).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("took longer"),
    });
    expect(await digests(service)).toEqual([]);
  });
});

describe("a round that meets a transaction", () => {
  it("waits for what refers to a blob, and leaves it", async () => {
    const service = await testService();
    const { db, blobs } = service.registry;
    const { digest } = await storeBlob({ db, blobs }, bytesOf("of a base that is being put on record"));
    await collect(service, hour);
    let round: Promise<unknown> = Promise.resolve();
    await db.$transaction(async (tx) => {
      expect((await referToBlobs(tx, [digest])).size).toBe(1);
      round = collect(service, 0);
      await sleep(500);
      await tx.base.create({ data: { source: "s", record: { layers: [{ digest }] } } });
    });
    expect(await round).toMatchObject({ blobs: 0 });
    expect(await digests(service)).toEqual([digest]);
  });

  it("waits for what gives bytes a row, and leaves them", async () => {
    const service = await testService();
    const { db, blobs } = service.registry;
    const bytes = await ingest(blobs, bytesOf("of an upload that is being committed"));
    await sleep(1_100);
    let round: Promise<unknown> = Promise.resolve();
    await db.$transaction(async (tx) => {
      expect(await keepIngested(tx, [bytes])).toEqual([]);
      round = collect(service, 0);
      await sleep(500);
    });
    expect(await round).toMatchObject({ objects: 0 });
    expect(await blobs.stat(bytes.key)).not.toBeNull();
  });
});

it("bytes that the store cannot remove at the moment are removed by a later round", async () => {
  const service = await testService();
  const { db, blobs } = service.registry;
  await storeBlob({ db, blobs }, bytesOf("stubborn"));
  await collect(service, hour);
  const away = { ...blobs, remove: () => Promise.reject(new Error("the store is away")) };
  const failed = await collect(service, 0, away);
  expect([failed.blobs, String(failed.fault)]).toEqual([1, "Error: the store is away"]);
  expect([await digests(service), (await storedObjects(service.registry)).length]).toEqual([[], 1]);
  // Who brings the same bytes meanwhile has them under another key.
  await draftOf(service, "m", "1.0.0", { "a.bin": "stubborn" });
  expect((await collect(service, 0)).fault).toBeNull();
  expect(await storedObjects(service.registry)).toHaveLength(1);
  const read = await service.call("GET", "/v1/models/m/versions/1.0.0/files/a.bin");
  expect(read.bytes.toString()).toBe("stubborn");
});

it("a store that another database's rows name loses nothing", async () => {
  const service = await testService();
  const { db, blobs } = service.registry;
  await draftOf(service, "m", "1.0.0", { "a.bin": "kept" });
  await collect(service, 0);
  const other = await testService();
  const gone = await storeBlob(other.registry, bytesOf("nothing of the other goes, either"));
  await other.registry.db.$executeRaw`UPDATE _prisma_migrations SET id = reverse(id)`;
  await sleep(1_100);
  await expect(collect(other, 0, blobs)).rejects.toThrow("the artifact store is that of another database");
  expect(await digests(other)).toEqual([gone.digest]);
  expect(await storedObjects(service.registry)).toHaveLength(1);
  const { code, errors } = await serviceCommand(other, "collect-garbage", [], {
    ...(service.registry.config.artifacts.s3 === null
      ? { SLIPWAY_ARTIFACTS_DIR: service.registry.config.artifacts.dir }
      : s3Settings(service.registry.config.artifacts.s3)),
    SLIPWAY_GARBAGE_GRACE_HOURS: "0",
  });
  expect([code, errors]).toEqual([1, expect.stringContaining("remove that object")]);
  // Moved for good, the operator removes the mark.
  await blobs.remove(ownerKey);
  expect(await collectGarbage({ db: other.registry.db, blobs }, { graceMs: 0, signal })).toMatchObject({ objects: 1 });
  await expect(collectGarbage({ db, blobs }, { graceMs: 0, signal })).rejects.toThrow("another database");
});

describe("npm run collect-garbage", () => {
  it("lists with --dry-run what would go, and changes nothing; without it that goes", async () => {
    const service = await testService();
    const { db, blobs } = service.registry;
    await draftOf(service, "m", "1.0.0", { "a.bin": "kept" });
    const gone = await storeBlob({ db, blobs }, bytesOf("unneeded"));
    await collect(service, hour);
    await letPass(service, 2 * hour);
    const found = await storeBlob({ db, blobs }, bytesOf("found by the dry run"));
    const orphan = newKey();
    await blobs.put(orphan, bytesOf("bytes first"));
    const before = await kept(service);

    const settings = { SLIPWAY_GARBAGE_GRACE_HOURS: "1" };
    const dry = await serviceCommand(service, "collect-garbage", ["--dry-run"], settings);
    expect([dry.code, dry.errors]).toEqual([0, ""]);
    const lines = dry.output.trim().split("\n");
    const lineOf = (name: string) => lines.find((line) => line.endsWith(name))?.split(/ {2,}/);
    expect(lineOf(gone.digest)).toEqual(["blob", "8", expect.stringMatching(/Z$/), "now", gone.digest]);
    expect(lineOf(found.digest)).toEqual(["blob", "20", "found now", expect.stringMatching(/Z$/), found.digest]);
    expect(lineOf(orphan)).toEqual(["object", "11", expect.any(String), expect.stringMatching(/Z$/), orphan]);
    expect(lines.at(-1)).toBe("1 would go now, 8 bytes; 2 later, 31 bytes");
    expect(await kept(service)).toEqual(before);
    expect(await db.blob.count({ where: { condemnedAt: { not: null } } })).toBe(1);

    const { code, output } = await serviceCommand(service, "collect-garbage", [], settings);
    expect([code, output]).toEqual([0, expect.stringContaining("removed: 1 blobs, 0 objects without a row")]);
    expect(await digests(service)).not.toContain(gone.digest);
    expect(await storedObjects(service.registry)).toHaveLength(3);
  });

  it("says what is wrong with its settings", async () => {
    const service = await testService();
    const { code, errors } = await serviceCommand(service, "collect-garbage", [], {
      SLIPWAY_GARBAGE_GRACE_HOURS: "soon",
    });
    expect([code, errors]).toEqual([2, expect.stringContaining('SLIPWAY_GARBAGE_GRACE_HOURS is "soon"')]);
  });
});

it("workers collect again and again, one at a time, and another goes on when one is killed", async () => {
  const service = await testService();
  const { db, blobs } = service.registry;
  const settings = { SLIPWAY_GARBAGE_HOURS: "0.0002", SLIPWAY_GARBAGE_GRACE_HOURS: "0" };
  const [first] = [await workerProcess(service, settings), await workerProcess(service, settings)];
  const goes = async (text: string) => {
    const { digest } = await storeBlob({ db, blobs }, bytesOf(text));
    await waitUntil(`"${text}" is collected`, async () => !(await digests(service)).includes(digest));
  };
  await goes("first");
  await waitUntil("the first is at it", async () => (await db.work.count({ where: { state: "running" } })) > 0, {
    everyMs: 1,
  });
  first.kill();
  await goes("second");
  expect(await db.work.count({ where: { kind: "collect" } })).toBe(1);
  // The row goes first.
  await waitUntil("its bytes are gone", async () => (await storedObjects(service.registry)).length === 0);
});
