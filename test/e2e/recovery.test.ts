import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { repositoryPath } from "#core/images/registries/repository-template.ts";
import type { Child } from "#standalone/child.ts";
import { realModel } from "#test/real-models.ts";
import { finished } from "#test/sealed.ts";
import { workerProcess } from "#test/service-processes.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";

/* Workers here are processes that make real images; the base is made once, by the first build. */
const service = await testService();
const { call, registry } = service;

async function sealedModel(version: string): Promise<string> {
  await draftOf(service, "custom", version, { ...realModel("custom").files, "note.txt": version });
  const sealed = await call("POST", `/v1/models/custom/versions/${version}/seal`);
  expect([sealed.status, sealed.json.errors]).toEqual([202, undefined]);
  return sealed.json.build.id;
}

const build = async (buildId: string) => (await call("GET", `/v1/builds/${buildId}`)).json;
const logOf = async (buildId: string) => (await call("GET", `/v1/builds/${buildId}/log`)).bytes.toString();

async function kill(worker: Child) {
  worker.kill();
  await worker.exited;
}

async function expectReady(version: string, buildId: string) {
  const ended = await finished(service, buildId, 240_000);
  expect([ended.status, ended.error]).toEqual(["succeeded", null]);
  const read = await call("GET", `/v1/models/custom/versions/${version}`);
  expect(read.json).toMatchObject({ status: "ready", image: { digest: ended.image.digest } });
  const { host, repository } = registry.config.registry;
  const manifest = await fetch(
    `http://${host}/v2/${repositoryPath(repository, "custom")}/manifests/${ended.image.digest}`,
    {
      headers: { accept: "application/vnd.oci.image.manifest.v1+json" },
    },
  );
  expect(manifest.status).toBe(200);
  return ended;
}

describe("a version still ends in ready", () => {
  it("when the worker that makes it is killed, twice, in mid-build", async () => {
    const first = await workerProcess(service);
    const buildId = await sealedModel("1.0.0");
    await waitUntil("the base is being made", async () => (await logOf(buildId)).includes("fetching Debian packages"), {
      withinMs: 60_000,
    });
    await kill(first);
    // Where the machine stood still for longer than the lease the first had it twice.
    const { attempt: ofFirst } = await build(buildId);
    const second = await workerProcess(service);
    await waitUntil("the second worker has it", async () => (await build(buildId)).attempt > ofFirst, {
      withinMs: 60_000,
    });
    await kill(second);
    const { attempt: ofSecond } = await build(buildId);
    const third = await workerProcess(service, { SLIPWAY_LEASE_SECONDS: "600" });
    expect((await expectReady("1.0.0", buildId)).attempt).toBe(ofSecond + 1);
    expect(await registry.db.image.count()).toBe(1);
    expect(await registry.db.auditEntry.count({ where: { action: "build.succeed", objectId: buildId } })).toBe(1);
    await third.stop(10_000);
  });

  it("when Redis is emptied after its build was queued", async () => {
    const buildId = await sealedModel("1.0.1");
    const redis = new Redis(registry.config.queue.url);
    const keys = await redis.keys(`${registry.config.queue.prefix}:*`);
    expect(keys.length).toBeGreaterThan(0);
    await redis.del(...keys);
    await redis.quit();
    const worker = await workerProcess(service);
    await expectReady("1.0.1", buildId);
    await worker.stop(10_000);
  });

  it("when Redis is emptied in mid-build", async () => {
    const worker = await workerProcess(service);
    const buildId = await sealedModel("1.0.2");
    await waitUntil("the build runs", async () => (await build(buildId)).status !== "queued", { everyMs: 5 });
    const redis = new Redis(registry.config.queue.url);
    await redis.del(...(await redis.keys(`${registry.config.queue.prefix}:*`)));
    await redis.quit();
    await expectReady("1.0.2", buildId);
    const next = await sealedModel("1.0.3");
    await expectReady("1.0.3", next);
    await worker.stop(10_000);
  });

  it("when its worker is told to end in mid-build: the next one goes on at once", async () => {
    const first = await workerProcess(service, { SLIPWAY_LEASE_SECONDS: "600" });
    const buildId = await sealedModel("1.0.4");
    await waitUntil("the build runs", async () => (await build(buildId)).status !== "queued", { everyMs: 5 });
    await first.stop(10_000);
    const second = await workerProcess(service, { SLIPWAY_LEASE_SECONDS: "600" });
    await expectReady("1.0.4", buildId);
    await second.stop(10_000);
  });
});
