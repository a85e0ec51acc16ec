import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { BlobKey, StoredPart } from "#core/artifacts/blob-store.ts";
import { type Digest, digestOf } from "#core/artifacts/digest.ts";
import { isSlipwayError } from "#core/errors.ts";
import { parseFilePath } from "#core/models/file-path.ts";
import { findFile } from "#core/models/files.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { finishUpload } from "#core/uploads/finish-upload.ts";
import { forgetUploads } from "#core/uploads/forget-uploads.ts";
import { startUpload } from "#core/uploads/start-upload.ts";
import type { Upload } from "#core/uploads/upload.ts";
import { finished, predictorPackage } from "#test/sealed.ts";
import { workerProcess } from "#test/service-processes.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { storedObjects } from "#test/stored-objects.ts";
import { tcpProxy } from "#test/tcp-proxy.ts";
import { describeWithBucket } from "#test/test-bucket.ts";
import { draftOf, type TestService, testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";
import { waitUntil } from "#test/wait-until.ts";

const actor: Actor = { name: "ana", requestId: "the-upload", address: null, tokenId: null };
const now = (work: () => Promise<void>) => void work();

interface Announced {
  path?: string;
  digest?: Digest | null;
}

/** Sends the bytes in parts, whichever way they come, up to where only their digest is missing. */
async function sent(
  registry: Registry,
  model: string,
  bytes: Buffer,
  { path = "a.bin", digest = null }: Announced = {},
) {
  const input = { kind: "resumable", model, version: "1.0.0", sizeBytes: bytes.length, digest } as const;
  const upload = await startUpload(registry, { ...input, path: parseFilePath(path) }, actor);
  const { key, storeId, partSizeBytes } = upload;
  const parts: StoredPart[] = [];
  for (let offset = 0; offset < bytes.length; offset += partSizeBytes) {
    const part = { number: parts.length + 1, bytes: bytes.subarray(offset, offset + partSizeBytes), offset };
    parts.push(await registry.blobs.parts.put(key, storeId, part));
  }
  await registry.blobs.parts.complete(key, storeId, parts);
  return upload;
}

async function verifying(registry: Registry, model: string, bytes: Buffer, announced: Announced = {}) {
  const upload = await sent(registry, model, bytes, announced);
  return finishUpload(registry, upload, { digest: null, afterwards: now }, actor);
}

const rowOf = ({ db }: Registry, { id }: Upload) => db.upload.findUniqueOrThrow({ where: { id } });

async function ended(registry: Registry, upload: Upload) {
  const row = async () => {
    const found = await rowOf(registry, upload);
    return found.state === "verifying" ? null : found;
  };
  return waitUntil("the upload has ended", row);
}

async function expectClean(registry: Registry): Promise<void> {
  const owned = (await registry.db.blob.findMany()).map(({ key }) => key);
  await waitUntil("the store holds what rows name alone", async () =>
    (await storedObjects(registry)).every((name) => owned.includes(name)),
  );
}

/** While there is a worker: what it does after the row's end is done by the collector where it is told to end first. */
async function cleanlyEnded(registry: Registry, upload: Upload) {
  const row = await ended(registry, upload);
  await expectClean(registry);
  return row;
}

async function codeOf(work: Promise<unknown>): Promise<string | null> {
  return work.then(
    () => null,
    (error: unknown) => (isSlipwayError(error) ? error.code : String(error)),
  );
}

const file = (service: TestService, model: string, path = "a.bin") =>
  service.call("GET", `/v1/models/${model}/versions/1.0.0/files/${path}`);

it("a file is never said to be missing in the moment when it is verified", async () => {
  const service = await testService();
  const { registry } = service;
  await draftOf(service, "moment", "1.0.0");
  const upload = await verifying(registry, "moment", randomBytes(1_000));
  // Between the look for the file and the look for an upload.
  const db = registry.db.$extends({
    query: {
      upload: {
        async count({ args, query }) {
          testWorker(registry, smallImageBuilder());
          await ended(registry, upload);
          return query(args);
        },
      },
    },
  }) as unknown as Registry["db"];
  const found = findFile({ db }, { model: "moment", version: "1.0.0", path: parseFilePath("a.bin") });
  expect(await found).toMatchObject({ path: "a.bin", sizeBytes: 1_000 });
});

describe("an upload whose digest is not known", async () => {
  const service = await testService();
  const { registry } = service;
  const { db } = registry;
  const bytes = randomBytes(9 * 1024 ** 2);
  let models = 0;
  const draft = async (files: Record<string, string | Buffer> = predictorPackage) => {
    models += 1;
    const model = `m${models}`;
    await draftOf(service, model, "1.0.0", files);
    return model;
  };
  const withWorker = async <T>(work: () => Promise<T>): Promise<T> => {
    const worker = testWorker(registry, smallImageBuilder());
    return work().finally(() => worker.end());
  };

  it("is a file when a worker has read it, in the name of who sent it", async () => {
    const model = await draft();
    const upload = await verifying(registry, model, bytes);
    const listed = await service.call("GET", `/v1/models/${model}/versions/1.0.0/files`);
    expect(listed.json.items[0]).toEqual({ path: "a.bin", digest: null, sizeBytes: bytes.length, status: "verifying" });
    const row = await withWorker(() => cleanlyEnded(registry, upload));
    expect(row).toMatchObject({ state: "stored", digest: digestOf(bytes) });
    expect((await file(service, model)).bytes.equals(bytes)).toBe(true);
    const audit = await db.auditEntry.findMany({ where: { action: "file.put", object: `${model}:1.0.0/a.bin` } });
    expect(audit).toMatchObject([{ actor: "ana", requestId: "the-upload" }]);
  });

  it("is listed beside the files, in pages, and once where it is sent twice", async () => {
    const model = await draft({ "b.bin": "b", "d.bin": "d", "%C3%A9.bin": "é" });
    for (const path of ["a.bin", "c.bin", "c.bin", "d.bin", "ü.bin"])
      await verifying(registry, model, Buffer.from(path), { path });
    const items: string[] = [];
    for (let cursor = ""; ; ) {
      const url = `/v1/models/${model}/versions/1.0.0/files?limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`;
      const { json } = await service.call("GET", url);
      items.push(...json.items.map(({ path, status }: { path: string; status: string }) => `${path} ${status}`));
      if (json.nextCursor === null) break;
      cursor = json.nextCursor;
    }
    expect(items).toEqual([
      "a.bin verifying",
      "b.bin stored",
      "c.bin verifying",
      "d.bin stored",
      "é.bin stored",
      "ü.bin verifying",
    ]);
    await withWorker(() =>
      waitUntil("all are read", async () => (await db.upload.count({ where: { state: "verifying" } })) === 0),
    );
    expect((await file(service, model, "d.bin")).bytes.toString()).toBe("d.bin");
  });

  it("is a file at once where it is known, and fails where it is another than announced", async () => {
    const model = await draft();
    const right = await sent(registry, model, bytes);
    const stored = await finishUpload(registry, right, { digest: digestOf(bytes), afterwards: now }, actor);
    expect(stored).toMatchObject({ status: "stored", digest: digestOf(bytes) });
    expect((await file(service, model)).bytes.equals(bytes)).toBe(true);
    const wrong = await sent(registry, model, bytes, { path: "b.bin", digest: digestOf("others") });
    const finishing = finishUpload(registry, wrong, { digest: digestOf(bytes), afterwards: now }, actor);
    expect(await codeOf(finishing)).toBe("digest_mismatch");
    expect(await rowOf(registry, wrong)).toMatchObject({ state: "failed", errorCode: "digest_mismatch" });
    expect(await codeOf(finishUpload(registry, wrong, { digest: null, afterwards: now }, actor))).toBe(
      "upload_finished",
    );
    expect((await file(service, model, "b.bin")).status).toBe(404);
    await expectClean(registry);
  });

  it("replaces what was put at its path meanwhile: the last that ends is there", async () => {
    const model = await draft();
    const upload = await verifying(registry, model, bytes);
    const put = await service.call("PUT", `/v1/models/${model}/versions/1.0.0/files/a.bin`, { bytes: "put meanwhile" });
    expect(put.status).toBe(201);
    expect((await file(service, model)).bytes.toString()).toBe("put meanwhile");
    await withWorker(() => ended(registry, upload));
    expect((await file(service, model)).bytes.equals(bytes)).toBe(true);
  });

  it("fails by name where it cannot stand in its version any more", async () => {
    const model = await draft();
    const upload = await verifying(registry, model, bytes, { path: "a" });
    await service.call("PUT", `/v1/models/${model}/versions/1.0.0/files/a/b`, { bytes: "in the way" });
    const other = await draft();
    const intoSealed = await verifying(registry, other, bytes);
    await db.version.updateMany({ where: { model: { name: other } }, data: { sealedAt: new Date() } });
    const rows = await withWorker(() => Promise.all([cleanlyEnded(registry, upload), ended(registry, intoSealed)]));
    expect(rows.map(({ state, errorCode }) => [state, errorCode])).toEqual([
      ["failed", "path_taken"],
      ["failed", "version_sealed"],
    ]);
  });

  it("fails where the store has lost its bytes", async () => {
    const model = await draft();
    const upload = await verifying(registry, model, bytes);
    await registry.blobs.remove(upload.key);
    const row = await withWorker(() => ended(registry, upload));
    expect(row).toMatchObject({ state: "failed", errorCode: "upload_incomplete" });
    expect((await db.work.findFirstOrThrow({ where: { subjectId: upload.id } })).state).toBe("done");
  });

  it("is forgotten a week after its end, and its file is there", async () => {
    const model = await draft();
    const upload = await verifying(registry, model, bytes);
    const { finishedAt } = await withWorker(() => ended(registry, upload));
    await verifying(registry, model, bytes, { path: "b.bin" });
    expect(finishedAt?.getTime()).toBeGreaterThan(Date.now() - 60_000);
    const ofThisVersion = { where: { versionId: upload.versionId } };
    await forgetUploads(registry, new AbortController().signal);
    expect(await db.upload.count(ofThisVersion)).toBe(2);
    await db.upload.update({
      where: { id: upload.id },
      data: { finishedAt: new Date(Date.now() - 7 * 24 * 3_600_000) },
    });
    await forgetUploads(registry, new AbortController().signal);
    expect(await db.upload.findMany(ofThisVersion)).toMatchObject([{ path: "b.bin", state: "verifying" }]);
    expect(await db.work.count({ where: { subjectId: upload.id } })).toBe(0);
    expect((await file(service, model)).bytes.equals(bytes)).toBe(true);
  });

  it("fails when too many workers were lost with it, and is given up by name", async () => {
    const model = await draft();
    const upload = await verifying(registry, model, bytes);
    await db.work.updateMany({
      where: { subjectId: upload.id },
      data: { lostLeases: registry.config.work.lostLeasesLimit },
    });
    const row = await withWorker(() => cleanlyEnded(registry, upload));
    expect(row).toMatchObject({ state: "failed", errorCode: "worker_lost" });
    expect(row.errorMessage).toContain("20 workers");
  });

  it("never is in a version that is sealed at the same moment", async () => {
    const outcomes = new Set<string>();
    for (let round = 0; round < 12; round += 1) {
      const model = await draft();
      const upload = await sent(registry, model, Buffer.from(`round ${round}`));
      const [seal, finish] = await Promise.all([
        sleep(round % 3).then(() => service.call("POST", `/v1/models/${model}/versions/1.0.0/seal`)),
        sleep(3 * round).then(() => codeOf(finishUpload(registry, upload, { digest: null, afterwards: now }, actor))),
      ]);
      const outcome = `${seal.status} ${seal.json.type ?? ""} ${finish}`;
      expect(["202  version_sealed", "409 /problems/files_verifying null"]).toContain(outcome);
      outcomes.add(outcome);
      const { sealedAt } = await db.version.findFirstOrThrow({ where: { model: { name: model } } });
      expect(sealedAt === null).toBe(finish === null);
    }
    console.log(`sealed and finished at the same moment: ${[...outcomes].join("; ")}`);
  });

  it("does not keep a version from its image once it is read", async () => {
    const model = await draft();
    await verifying(registry, model, bytes);
    await withWorker(async () => {
      const sealing = () => service.call("POST", `/v1/models/${model}/versions/1.0.0/seal`);
      const seal = await waitUntil("it can be sealed", async () => {
        const answer = await sealing();
        return answer.status === 202 ? answer : null;
      });
      expect((await finished(service, seal.json.build.id)).status).toBe("succeeded");
    });
  });
});

describeWithBucket("an upload that a worker reads from a bucket", "versitygw", async ({ settings, config }) => {
  const real = config.endpoint ?? "";
  const proxy = await tcpProxy(real);
  const service = await testService({
    ...settings,
    SLIPWAY_S3_ENDPOINT: proxy.urlOf(real),
    SLIPWAY_LEASE_SECONDS: "2",
    SLIPWAY_RECONCILE_SECONDS: "0.5",
  });
  const { registry } = service;
  const { db } = registry;
  const bytes = randomBytes(32 * 1024 ** 2);

  /** Lets a mebibyte pass, tells when it has, and holds up what is read after it until it is let on. */
  const heldUp = () => {
    let passed = 0;
    const letOn = new AbortController();
    proxy.disturb(async (chunk, direction) => {
      if (direction === "down") passed += chunk.length;
      const isRead = direction === "down" && chunk.length > 10_000; // and no mere answer
      if (isRead && passed > 1024 ** 2 && !letOn.signal.aborted) await once(letOn.signal, "abort");
      return chunk;
    });
    return {
      reading: waitUntil("it is being read", async () => passed > 1024 ** 2),
      letOn() {
        letOn.abort();
        proxy.disturb(null);
      },
    };
  };
  const workOf = ({ id }: Upload) => db.work.findFirstOrThrow({ where: { subjectId: id } });

  it("is verified by another worker when the first is killed in the middle", async () => {
    await draftOf(service, "killed", "1.0.0", predictorPackage);
    const upload = await verifying(registry, "killed", bytes);
    const first = await workerProcess(service);
    const { reading, letOn } = heldUp();
    await reading;
    await first.stop(0);
    const { attempt, lostLeases } = await workOf(upload);
    letOn();
    expect((await rowOf(registry, upload)).state).toBe("verifying");
    await workerProcess(service, { SLIPWAY_LEASE_SECONDS: "60" }); // that no machine is too slow for
    expect((await ended(registry, upload)).state).toBe("stored");
    expect((await file(service, "killed")).bytes.equals(bytes)).toBe(true);
    const taken = { state: "done", attempt: attempt + 1, lostLeases: lostLeases + 1 };
    expect(await workOf(upload)).toMatchObject(taken);
  });

  it("waits while the store is away, and is verified when it is back", async () => {
    await draftOf(service, "away", "1.0.0", predictorPackage);
    const upload = await verifying(registry, "away", bytes);
    proxy.cut();
    const worker = testWorker(registry, smallImageBuilder());
    await waitUntil("it was tried twice", async () => (await workOf(upload)).attempt >= 2);
    expect((await rowOf(registry, upload)).state).toBe("verifying");
    proxy.open();
    expect((await ended(registry, upload)).state).toBe("stored");
    await worker.end();
    expect((await file(service, "away")).bytes.equals(bytes)).toBe(true);
  });

  it("fails where the store stays away until it expires", async () => {
    await draftOf(service, "away-for-good", "1.0.0", predictorPackage);
    const upload = await verifying(registry, "away-for-good", bytes);
    await db.upload.update({ where: { id: upload.id }, data: { expiresAt: new Date(Date.now() + 500) } });
    proxy.cut();
    const worker = testWorker(registry, smallImageBuilder());
    const row = await ended(registry, upload).finally(() => worker.end());
    proxy.open();
    expect(row).toMatchObject({ state: "failed", errorCode: "part_unavailable" });
    expect(row.errorMessage).toContain("could not be read in time");
    // What could not be removed is the collector's.
    expect(await db.doomedObject.count({ where: { key: upload.key } })).toBe(1);
  });

  it("ends at once where it is deleted while it is read", async () => {
    await draftOf(service, "deleted", "1.0.0", predictorPackage);
    const upload = await verifying(registry, "deleted", bytes);
    const { reading, letOn } = heldUp();
    const worker = testWorker(registry, smallImageBuilder());
    await reading;
    const deleted = await service.call("DELETE", `/v1/models/deleted/versions/1.0.0/uploads/${upload.id}`);
    expect(deleted.status).toBe(204);
    letOn();
    const done = async () => (await db.work.count({ where: { subjectId: upload.id, state: "done" } })) === 1;
    await waitUntil("the work is done", done);
    await worker.end();
    expect((await rowOf(registry, upload)).state).toBe("cancelled");
    expect((await file(service, "deleted")).status).toBe(404);
    await expect.poll(() => registry.blobs.stat(upload.key as BlobKey)).toBeNull();
  });
});
