import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { BlobKey, BlobStore } from "#core/artifacts/blob-store.ts";
import { keepIngested, referToBlobs, storeBlob } from "#core/artifacts/blobs.ts";
import { collectGarbage } from "#core/artifacts/collect-garbage.ts";
import { type Digest, digestOf } from "#core/artifacts/digest.ts";
import { doomObjects } from "#core/artifacts/doomed-objects.ts";
import { ingest } from "#core/artifacts/ingest.ts";
import { kept } from "#test/aftermath.ts";
import { predictorPackage, sealed } from "#test/sealed.ts";
import { serviceCommand } from "#test/service-command.ts";
import { workerProcess } from "#test/service-processes.ts";
import { storedObjects } from "#test/stored-objects.ts";
import { draftOf, type TestService, testService } from "#test/test-service.ts";
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
    await waitUntil(`"${text}" is collected`, async () => !(await digests(service)).includes(digest), {
      withinMs: 20_000,
    });
  };
  await goes("first");
  await waitUntil("the first is at it", async () => (await db.work.count({ where: { state: "running" } })) > 0, {
    everyMs: 1,
  });
  first.kill();
  await goes("second");
  expect(await db.work.count()).toBe(1);
  expect(await storedObjects(service.registry)).toEqual([]);
});

it("under load, nothing that is referred to goes, and all that is not goes one round after the grace time", async () => {
  const service = await testService();
  const { db, blobs } = service.registry;
  const { call } = service;
  const graceMs = 300;
  const ending = new AbortController();
  const until = async (work: () => Promise<unknown>) => {
    while (!ending.signal.aborted) await work();
  };
  // Few contents, so that the same bytes are let go and brought back all the time.
  const contents = Array.from({ length: 6 }, (_, index) => `content ${index}`);
  const any = () => contents[Math.floor(Math.random() * contents.length)] ?? "";
  const acknowledged = new Map<string, string>();
  let made = 0;
  const upload = async () => {
    const version = `1.0.${made++}`;
    const path = `/v1/models/m/versions/${version}`;
    await call("POST", "/v1/models/m/versions", { json: { version } });
    for (const file of ["a", "b", "src/predictor.py"]) {
      const text = file === "a" ? `own ${version}` : any();
      const put = await call("PUT", `${path}/files/${file}`, { bytes: text });
      if (put.status === 201) acknowledged.set(`${path}/files/${file}`, text);
      else expect([put.status, put.json.detail]).toEqual([503, expect.stringContaining("took longer")]);
    }
    if (Math.random() < 0.3) await call("POST", `${path}/seal`);
    else if (Math.random() < 0.8 && (await call("DELETE", path)).status === 204)
      for (const file of acknowledged.keys()) if (file.startsWith(`${path}/`)) acknowledged.delete(file);
  };
  const orphan = () => blobs.put(newKey(), bytesOf(any())).then(() => sleep(50));
  const copy = async () => {
    const from = await db.version.findFirst({ where: { deletedAt: null }, orderBy: { number: "desc" } });
    const files = from === null ? [] : await db.versionFile.findMany({ where: { versionId: from.id } });
    await db.$transaction(async (tx) => {
      const there = await referToBlobs(
        tx,
        files.map(({ blobDigest }) => blobDigest as Digest),
      );
      const target = await tx.version.findFirst({ where: { semver: "0.0.1" } });
      if (target === null) throw new Error("the version to copy into is gone");
      for (const { path, blobDigest, sizeBytes } of files.filter((file) => there.has(file.blobDigest as Digest))) {
        const name = `${path}-${made++}`;
        await tx.versionFile.create({
          data: { versionId: target.id, path: name, foldedPath: name, blobDigest, sizeBytes },
        });
      }
      if (Math.random() < 0.3) await tx.versionFile.deleteMany({ where: { versionId: target.id } });
    });
  };
  await draftOf(service, "m", "0.0.1");
  const rounds = { count: 0, swept: 0 };
  const collecting = until(async () => {
    const { blobs: swept, fault } = await collect(service, graceMs);
    expect(fault).toBeNull();
    rounds.count += 1;
    rounds.swept += swept;
  });
  const working = [upload, upload, upload, upload, orphan, copy].map(until);
  await sleep(8_000);
  ending.abort();
  await Promise.all([collecting, ...working]);

  expect(rounds.count).toBeGreaterThan(5);
  expect(rounds.swept).toBeGreaterThan(20);
  for (const [path, text] of acknowledged) expect((await call("GET", path)).bytes.toString(), path).toBe(text);
  await sleep(graceMs + 1_100);
  await collect(service, graceMs);
  await sleep(graceMs);
  await collect(service, graceMs);
  const referred = await db.versionFile.findMany({ distinct: ["blobDigest"], select: { blobDigest: true } });
  expect(await digests(service)).toEqual(referred.map(({ blobDigest }) => blobDigest).sort());
  const keys = (await db.blob.findMany()).map(({ key }) => key).sort();
  expect(await storedObjects(service.registry)).toEqual(keys);
});
