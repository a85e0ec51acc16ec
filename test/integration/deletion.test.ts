import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { parseNamePattern } from "#core/access/name-pattern.ts";
import type { BlobKey, PartsId } from "#core/artifacts/blob-store.ts";
import { newId } from "#core/database/ids.ts";
import { repositoryPath } from "#core/images/registries/repository-template.ts";
import { cleanUp } from "#core/releases/clean-up.ts";
import type { UploadKind } from "#core/uploads/upload.ts";
import { guardedService } from "#test/access.ts";
import { ready, sealed } from "#test/sealed.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { storedObjects } from "#test/stored-objects.ts";
import { draftOf, type TestService, testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";
import { waitUntil } from "#test/wait-until.ts";

const deletable = { SLIPWAY_DELETABLE_MODELS: "churn, fraud.*", SLIPWAY_GARBAGE_GRACE_HOURS: "0" };
const at = (model: string, version = "1.0.0") => `/v1/models/${model}/versions/${version}`;
const cancelled = async (service: TestService, model: string, version = "1.0.0") => {
  const { buildId } = await sealed(service, model, version);
  await service.call("POST", `/v1/builds/${buildId}/cancel`);
};
const collectAll = async ({ registry }: TestService) => {
  await cleanUp(registry, new AbortController().signal);
};

/** As a client that sends its file in parts and has not ended. */
async function beginUpload(
  { registry: { db, blobs } }: TestService,
  model: string,
  kind: UploadKind = "direct",
): Promise<string> {
  const key = randomBytes(16).toString("hex") as BlobKey;
  const storeId = await blobs.parts.begin(key, { partBytes: 5 * 1024 ** 2 });
  const { id: versionId } = await db.version.findFirstOrThrow({ where: { model: { name: model } } });
  const row = { kind, versionId, path: "large.bin", sizeBytes: 9, key, storeId, partBytes: 5 * 1024 ** 2 };
  const id = newId();
  await db.upload.create({ data: { id, ...row, createdBy: "x", expiresAt: new Date(Date.now() + 60_000) } });
  return id;
}

describe("a sealed version", () => {
  it("of a model that allows it goes with its files, and leaves number, digest and image", async () => {
    const service = await testService(deletable);
    const { call, registry } = service;
    testWorker(registry, smallImageBuilder());
    const { imageDigest } = await ready(service, "churn", "1.0.0");
    const before = (await call("GET", at("churn"))).json;
    expect((await call("DELETE", at("churn"))).status).toBe(204);

    expect((await call("GET", at("churn"))).status).toBe(404);
    expect((await call("GET", `${at("churn")}/files/notes.txt`)).status).toBe(404);
    expect((await call("GET", "/v1/models/churn/versions")).json.items).toEqual([]);
    const again = await call("POST", "/v1/models/churn/versions", { json: { version: "1.0.0" } });
    expect([again.status, again.json.type]).toEqual([409, "/problems/version_exists"]);
    const next = await call("POST", "/v1/models/churn/versions", { json: { version: "1.0.1" } });
    expect(next.json.number).toBe(2);
    const audit = await call("GET", "/v1/audit?model=churn&action=version.delete");
    expect(audit.json.items).toEqual([
      expect.objectContaining({
        object: "churn:1.0.0",
        before: {
          status: "ready",
          contentDigest: before.contentDigest,
          sizeBytes: before.sizeBytes,
          fileCount: before.fileCount,
          image: `${before.image.repository}@${imageDigest}`,
        },
      }),
    ]);
    await collectAll(service);
    expect(await storedObjects(registry)).toEqual([]);
    const { host, repository } = registry.config.registry;
    const manifest = await fetch(`http://${host}/v2/${repositoryPath(repository, "churn")}/manifests/${imageDigest}`, {
      headers: { accept: "application/vnd.oci.image.manifest.v1+json" },
    });
    expect(manifest.status).toBe(200);
  });

  it("stays where the setting does not name its model, and the answer names the setting", async () => {
    const service = await testService(deletable);
    for (const model of ["other", "fraud", "churn.two"]) {
      await cancelled(service, model);
      const answer = await service.call("DELETE", at(model));
      expect([answer.status, answer.json.type], model).toEqual([403, "/problems/deletion_not_allowed"]);
      expect(answer.json.detail).toContain("SLIPWAY_DELETABLE_MODELS");
      expect((await service.call("GET", `${at(model)}/files/notes.txt`)).status).toBe(200);
    }
    await cancelled(service, "fraud.eu");
    expect((await service.call("DELETE", at("fraud.eu"))).status).toBe(204);
  });

  it("stays while a tag points at it, or its image is being made", async () => {
    const service = await testService(deletable);
    const { call } = service;
    await sealed(service, "churn", "1.0.0");
    const building = await call("DELETE", at("churn"));
    expect([building.status, building.json.type]).toEqual([409, "/problems/build_running"]);
    testWorker(service.registry, smallImageBuilder());
    await waitUntil("it is ready", async () => (await call("GET", at("churn"))).json.status === "ready");
    await call("PUT", "/v1/models/churn/tags/prod", { json: { version: "1.0.0" } });
    const tagged = await call("DELETE", at("churn"));
    expect([tagged.status, tagged.json.type]).toEqual([409, "/problems/version_in_use"]);
    expect(tagged.json.detail).toContain("prod");
    await call("DELETE", "/v1/models/churn/tags/prod");
    expect((await call("POST", `${at("churn")}/archive`)).status).toBe(200);
    expect((await call("DELETE", at("churn"))).status).toBe(204);
    const history = await call("GET", "/v1/models/churn/tags/prod/history");
    expect(history.json.items.map((item: { to: string | null }) => item.to)).toContain("1.0.0");
  });

  it("is deleted by whoever administers its model, and not by whoever may upload", async () => {
    const service = await guardedService(deletable);
    const admin: TestService = { ...service, call: service.admin };
    await cancelled(admin, "fraud.a");
    const uploader = await service.identity("uploader", [{ role: "uploader", pattern: "fraud.*" } as never]);
    const refused = await uploader.call("DELETE", at("fraud.a"));
    expect([refused.status, refused.json.type]).toEqual([403, "/problems/forbidden"]);
    expect(refused.json.detail).toContain("lacks the right to administer");
    expect((await service.admin("GET", at("fraud.a"))).status).toBe(200);
    await waitUntil("the refusal is on record", async () => {
      const { json } = await service.admin("GET", "/v1/audit?action=access.refuse");
      return json.items.some((item: { actor: string }) => item.actor === "uploader");
    });
    const owner = await service.identity("owner", [{ role: "administrator", pattern: "fraud.*" } as never]);
    expect((await owner.call("DELETE", at("fraud.a"))).status).toBe(204);
  });
});

it("a draft takes the uploads into it along", async () => {
  const service = await testService();
  await draftOf(service, "m", "1.0.0", { "a.bin": "a" });
  const id = await beginUpload(service, "m");
  expect((await service.call("DELETE", at("m"))).status).toBe(204);
  expect(await service.registry.db.upload.findUnique({ where: { id } })).toMatchObject({ state: "cancelled" });
  await waitUntil("its parts are gone", async () => (await storedObjects(service.registry)).length === 1);
  await waitUntil("nothing is left to do", async () => (await service.registry.db.doomedObject.count()) === 0);
});

describe("an object that the store completes after its upload was abandoned", async () => {
  const service = await testService();
  const { call, registry } = service;
  const { parts } = registry.blobs;
  const sent = Buffer.from("nine byte");
  const ways = ["resumable", "direct"] as const;
  const ends = ["upload", "version", "model"] as const;
  it.each(ways.flatMap((kind) => ends.map((what) => [kind, what] as const)))(
    "goes at once: %s, with its %s",
    async (kind, what) => {
      const model = `${kind}.${what}`;
      await draftOf(service, model, "1.0.0");
      const id = await beginUpload(service, model, kind);
      const { key, storeId } = await registry.db.upload.findUniqueOrThrow({ where: { id } });
      if (kind === "direct") await parts.put(key as BlobKey, storeId as PartsId, { number: 1, bytes: sent, offset: 0 });
      parts.complete = async (key) => {
        const gone = { upload: `${at(model)}/uploads/${id}`, version: at(model), model: `/v1/models/${model}` }[what];
        expect((await call("DELETE", gone)).status).toBe(204);
        await waitUntil("its parts are gone", async () => (await registry.db.doomedObject.count()) === 0);
        return registry.blobs.put(key, Readable.from([sent]));
      };
      const tus = { "tus-resumable": "1.0.0", "upload-offset": "0", "content-type": "application/offset+octet-stream" };
      const ended =
        kind === "direct"
          ? await call("POST", `${at(model)}/uploads/${id}/complete`)
          : await call("PATCH", `${at(model)}/resumable/${id}`, { bytes: sent, headers: tus });
      expect([404, 409, 410]).toContain(ended.status);
      await waitUntil("the object is gone", async () => (await storedObjects(registry)).length === 0);
      await waitUntil("nothing is left to do", async () => (await registry.db.doomedObject.count()) === 0);
    },
  );
});

it("a model and a draft go at once, however many uploads come into them, and their parts' rows go later", async () => {
  const service = await testService();
  const { call, registry } = service;
  const { db } = registry;
  const versions = [
    ["m", "1.0.0"],
    ["m", "2.0.0"],
    ["n", "1.0.0"],
  ] as const;
  for (const [model, version] of versions) {
    await draftOf(service, model, version);
    const { id: versionId } = await db.version.findFirstOrThrow({ where: { semver: version, model: { name: model } } });
    await db.$executeRaw`
      INSERT INTO uploads (id, kind, version_id, path, size_bytes, key, store_id, part_bytes, tail_key, created_by, expires_at)
      SELECT gen_random_uuid(), 'resumable', ${versionId}::uuid, n || '.bin', 9, gen_random_uuid()::text, 'x', 5,
             gen_random_uuid()::text, 'x', now() + interval '1 day'
      FROM generate_series(1, 1000) n`;
  }
  await db.$executeRaw`
    INSERT INTO upload_parts (upload_id, number, size_bytes, etag)
    SELECT id, n, 5, 'x' FROM uploads, generate_series(1, 10) n`;
  const started = performance.now();
  expect((await call("DELETE", "/v1/models/m")).status).toBe(204);
  expect((await call("DELETE", at("n"))).status).toBe(204);
  expect(performance.now() - started).toBeLessThan(20_000);
  expect(await db.upload.groupBy({ by: ["state", "tailKey"], _count: true })).toEqual([
    { state: "cancelled", tailKey: null, _count: 3_000 },
  ]);
  // Nine thousand requests, where it is a bucket.
  await waitUntil("nothing is doomed any more", async () => (await db.doomedObject.count()) === 0, {
    withinMs: 250_000,
  });
  await collectAll(service);
  expect(await db.uploadPart.count()).toBe(0);
  expect(await db.upload.count()).toBe(3_000);
}, 300_000);

describe("a deleted model", () => {
  it("lets go of its drafts' files and uploads, and keeps its sealed versions'", async () => {
    const service = await testService(deletable);
    await cancelled(service, "kept");
    await draftOf(service, "kept", "1.1.0", { "draft.bin": "of a draft" });
    const before = await service.registry.db.versionFile.count();
    const { id: draft } = await service.registry.db.version.findFirstOrThrow({ where: { semver: "1.1.0" } });
    expect((await service.call("DELETE", "/v1/models/kept")).status).toBe(204);
    await collectAll(service);
    const files = await service.registry.db.versionFile.findMany();
    expect([files.length, files.filter(({ versionId }) => versionId === draft)]).toEqual([before - 1, []]);
    expect(await storedObjects(service.registry)).toHaveLength(before - 1);
    const { json } = await service.call("GET", "/v1/audit?model=kept&action=model.delete");
    expect(json.items[0]).toMatchObject({
      before: { name: "kept" },
      after: { versionsDeleted: 1, versionsKept: 1 },
    });
  });

  it("leaves sealed versions that count on, and go with the first collection that may delete them", async () => {
    const service = await testService(deletable);
    const { call, registry } = service;
    await cancelled(service, "kept");
    const { contentDigest, sizeBytes, fileCount } = (await call("GET", at("kept"))).json;
    await call("PUT", "/v1/quotas/kept", { json: { sizeBytes: sizeBytes + 10 } });
    expect((await call("DELETE", "/v1/models/kept")).status).toBe(204);
    await draftOf(service, "kept", "1.0.0", { "new.bin": "0123456789" });
    const more = await call("PUT", `${at("kept")}/files/more.bin`, { bytes: "x" });
    expect([more.status, more.json.type]).toEqual([507, "/problems/space_exceeded"]);
    await collectAll(service);
    expect(await storedObjects(registry)).toHaveLength(fileCount + 1);

    const { config } = registry;
    const keeping = { ...config.keeping, deletable: [parseNamePattern("kept")] };
    const signal = new AbortController().signal;
    expect(await cleanUp({ ...registry, config: { ...config, keeping } }, signal)).toMatchObject({
      droppedVersions: 1,
    });
    expect(await storedObjects(registry)).toHaveLength(1);
    expect((await call("PUT", `${at("kept")}/files/more.bin`, { bytes: "x" })).status).toBe(201);
    const audit = await call("GET", "/v1/audit?action=version.delete");
    expect(audit.json.items).toEqual([
      expect.objectContaining({
        actor: "slipway",
        object: "kept:1.0.0",
        before: expect.objectContaining({ contentDigest, sizeBytes, fileCount }),
      }),
    ]);
  });

  it("lets go of those, too, where they may be deleted", async () => {
    const service = await testService(deletable);
    await cancelled(service, "churn");
    await draftOf(service, "churn", "1.1.0", { "draft.bin": "of a draft" });
    const id = await beginUpload(service, "churn");
    expect((await service.call("DELETE", "/v1/models/churn")).status).toBe(204);
    expect(await service.registry.db.upload.findUnique({ where: { id } })).toMatchObject({ state: "cancelled" });
    await collectAll(service);
    expect(await service.registry.db.versionFile.count()).toBe(0);
    await waitUntil("its bytes are gone", async () => (await storedObjects(service.registry)).length === 0);
    expect(await service.registry.db.version.count({ where: { contentDigest: { not: null } } })).toBe(1);
  });
});
