import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { finished, predictorPackage, ready, sealed } from "#test/sealed.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { draftOf, type TestService, testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";

const quick = { SLIPWAY_RECONCILE_SECONDS: "0.2" };
const nowhere = { DOCKER_HOST: "unix:///nowhere/docker.sock" };

describe("proofs that are switched off", async () => {
  const service = await testService({ ...quick, SLIPWAY_PROOF: "off" });
  testWorker(service.registry, smallImageBuilder());

  it("are not made, and not run when asked for", async () => {
    await ready(service, "off", "1.0.0");
    expect(await proofOf(service, "off")).toBeNull();
    expect((await service.call("POST", "/v1/models/off/versions/1.0.0/proof")).status).toBe(202);
    const reason = "proofs are switched off (SLIPWAY_PROOF)";
    expect(await tried(service, "off")).toMatchObject({ status: "not_run", reason });
  });
});

describe("a proof without an engine", async () => {
  const service = await testService({ ...quick, ...nowhere, SLIPWAY_PROOF: "on", SLIPWAY_RETRY_SECONDS: "0" });
  const { call } = service;
  testWorker(service.registry, smallImageBuilder());

  it("is not run, and says so beside a version that is ready all the same", async () => {
    await ready(service, "alone", "1.0.0");
    expect(await tried(service, "alone")).toEqual({
      status: "not_run",
      checked: "health",
      reason: expect.stringMatching(/^no Docker Engine answers at unix:/),
      coldStartMs: null,
      latencyMs: null,
      memoryBytes: null,
      log: null,
      tests: null,
    });
    const { json: version } = await call("GET", "/v1/models/alone/versions/1.0.0");
    const { json: proof } = await call("GET", "/v1/models/alone/versions/1.0.0/proof");
    expect(proof).toMatchObject({ ...version.proof, imageDigest: version.image.digest, createdBy: "slipway" });
    expect(proof.finishedAt >= proof.createdAt).toBe(true);
    const audit = await call("GET", "/v1/audit?action=proof.skip");
    expect(audit.json.items).toMatchObject([{ actor: "slipway", object: "alone:1.0.0", after: { status: "not_run" } }]);
  });

  it("is made again when asked for, once for one key", async () => {
    await ready(service, "again", "1.0.0");
    await tried(service, "again");
    const headers = { "idempotency-key": "try-again" };
    const asked = await call("POST", "/v1/models/again/versions/1.0.0/proof", { headers });
    expect(asked).toMatchObject({
      status: 202,
      headers: { location: "/v1/models/again/versions/1.0.0/proof" },
      json: { status: "pending", reason: null, finishedAt: null },
    });
    expect((await call("POST", "/v1/models/again/versions/1.0.0/proof", { headers })).json).toEqual(asked.json);
    await tried(service, "again");
    expect(await service.registry.db.proof.count({ where: { version: { model: { name: "again" } } } })).toBe(2);
    const audit = await call("GET", "/v1/audit?action=proof.create");
    expect(audit.json.items).toMatchObject([{ object: "again:1.0.0", after: { status: "pending" } }]);
  });

  it("runs no tests either when those are asked for, and none that a version has not", async () => {
    const path = "/v1/models/tested/versions/1.0.0/proof";
    await draftOf(service, "tested", "1.0.0", { ...predictorPackage, "tests/test_it.py": "def test_it(): pass\n" });
    const { json: seal } = await call("POST", "/v1/models/tested/versions/1.0.0/seal");
    await finished(service, seal.build.id);
    await tried(service, "tested");
    const asked = await call("POST", path, { json: { tests: true } });
    expect([asked.status, asked.json.status, asked.json.tests]).toEqual([202, "pending", null]);
    const { reason, tests } = await tried(service, "tested");
    expect(tests).toEqual({ status: "not_run", passed: 0, failed: 0, skipped: 0, reason, log: null });
    const audit = await call("GET", "/v1/audit?action=proof.create");
    expect(audit.json.items.find(({ object }: { object: string }) => object === "tested:1.0.0").after).toEqual({
      status: "pending",
      tests: true,
    });

    await ready(service, "untested", "1.0.0");
    await tried(service, "untested");
    const none = await call("POST", "/v1/models/untested/versions/1.0.0/proof", { json: { tests: true } });
    expect([none.status, none.json.type]).toEqual([422, "/problems/tests_not_found"]);
    const wrong = await call("POST", path, { json: { test: true } });
    expect([wrong.status, wrong.json.type]).toEqual([400, "/problems/invalid_request"]);
    expect((await call("GET", path)).json.status).toBe("not_run");
  });

  it("is not made of a version without an image", async () => {
    await call("POST", "/v1/models", { json: { name: "draft" } });
    await call("POST", "/v1/models/draft/versions", { json: { version: "1.0.0" } });
    const asked = await call("POST", "/v1/models/draft/versions/1.0.0/proof");
    expect([asked.status, asked.json.type]).toEqual([409, "/problems/version_not_ready"]);
    const read = await call("GET", "/v1/models/draft/versions/1.0.0/proof");
    expect([read.status, read.json.type]).toEqual([404, "/problems/proof_not_found"]);
    expect((await call("GET", "/v1/models/draft/versions/1.0.0")).json.proof).toBeNull();
  });

  it("stays with the image that the version has when it is built again", async () => {
    await ready(service, "rebuilt", "1.0.0");
    await tried(service, "rebuilt");
    const again = await call("POST", "/v1/models/rebuilt/versions/1.0.0/builds");
    await waitUntil("it is built", async () => (await call("GET", `/v1/builds/${again.json.id}`)).json.image);
    expect(await service.registry.db.proof.count({ where: { version: { model: { name: "rebuilt" } } } })).toBe(1);
  });
});

describe("a proof of an image that is no more where it was", async () => {
  const asked: string[] = [];
  const engine = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.end("OK");
  });
  await new Promise<void>((listening) => engine.listen(0, "127.0.0.1", listening));
  whenDone(() => void engine.close());
  const { port } = engine.address() as AddressInfo;
  const service = await testService({ ...quick, DOCKER_HOST: `tcp://127.0.0.1:${port}`, SLIPWAY_PROOF: "on" });
  testWorker(service.registry, smallImageBuilder());

  it("is not run where its registry is elsewhere: no login goes where the image was", async () => {
    const { db, config } = service.registry;
    const before = config.registry.host;
    await service.call("PUT", "/v1/registries/moving", { json: { host: before, models: ["moving"] } });
    // Between the image and its proof.
    await db.$executeRawUnsafe(`
      CREATE FUNCTION move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE registries SET host = 'elsewhere.example', revision = revision + 1 WHERE name = 'moving';
        RETURN NEW; END $$`);
    await db.$executeRaw`CREATE TRIGGER move AFTER INSERT ON proofs FOR EACH ROW EXECUTE FUNCTION move()`;
    const { buildId } = await sealed(service, "moving", "1.0.0");
    await finished(service, buildId);
    expect(await tried(service, "moving")).toMatchObject({
      status: "not_run",
      reason: `the registry moving is at elsewhere.example now, and no more at ${before}`,
    });
    expect(asked.filter((line) => line.includes("/images/create"))).toEqual([]);
  });

  it("is not run where it was removed while the proof waited: it is not pulled for an hour in vain", async () => {
    const { db } = service.registry;
    await db.$executeRawUnsafe(`
      CREATE FUNCTION remove() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        UPDATE images SET status = 'removed' WHERE id = NEW.image_id;
        RETURN NEW; END $$`);
    await db.$executeRaw`CREATE TRIGGER remove AFTER INSERT ON proofs FOR EACH ROW EXECUTE FUNCTION remove()`;
    const { buildId } = await sealed(service, "removed", "1.0.0");
    await finished(service, buildId);
    expect(await tried(service, "removed")).toMatchObject({
      status: "not_run",
      reason: "its image is away (removed)",
    });
    expect(asked.filter((line) => line.includes("/images/create"))).toEqual([]);
  });
});

describe("a proof without an engine that was named", async () => {
  const service = await testService({ ...quick, ...nowhere, SLIPWAY_PROOF: "on", SLIPWAY_RETRY_SECONDS: "600" });
  testWorker(service.registry, smallImageBuilder());

  it("is pending, says what it waits for, and is given up in time", async () => {
    await ready(service, "waits", "1.0.0");
    const waiting = await waitUntil("it waits", async () => {
      const proof = await proofOf(service, "waits");
      return proof.reason === null ? null : proof;
    });
    const reason = expect.stringMatching(/^no Docker Engine answers at unix:\/\/\/nowhere\/docker.sock \(.*ENOENT/);
    expect(waiting).toMatchObject({ status: "pending", reason });
    await service.registry.db.proof.updateMany({ data: { triedUntil: new Date() } });
    expect(await tried(service, "waits")).toMatchObject({ status: "not_run", reason });
  });

  it("names no secret in what it waits for", async () => {
    const token = `slps_${"a1B2".repeat(8)}`;
    const secretive = await testService({
      ...quick,
      DOCKER_HOST: `unix:///nowhere/${token}.sock`,
      SLIPWAY_PROOF: "on",
      SLIPWAY_RETRY_SECONDS: "0",
    });
    testWorker(secretive.registry, smallImageBuilder());
    await ready(secretive, "secret", "1.0.0");
    const { reason } = await tried(secretive, "secret");
    expect(reason).toMatch(/^no Docker Engine answers at unix:\/\/\/nowhere\/\[redacted\]\.sock /);
    expect(reason).not.toContain(token);
    const audit = await secretive.call("GET", "/v1/audit?action=proof.skip");
    expect(JSON.stringify(audit.json)).not.toContain(token);
  });

  it("keeps no build from its turn", async () => {
    for (const model of ["one", "two", "three", "four"]) await sealed(service, model, "1.0.0");
    for (const model of ["one", "two", "three", "four"])
      await waitUntil(`${model} is ready`, async () => (await read(service, model)).status === "ready");
  });
});

const read = async ({ call }: TestService, model: string) =>
  (await call("GET", `/v1/models/${model}/versions/1.0.0`)).json;
const proofOf = async (service: TestService, model: string) => (await read(service, model)).proof;

async function tried(service: TestService, model: string) {
  return waitUntil(`${model} is tried`, async () => {
    const proof = await proofOf(service, model);
    return proof.status === "pending" ? null : proof;
  });
}
