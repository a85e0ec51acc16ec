import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { BuildFault } from "#core/images/image-builder.ts";
import { repositoryPath } from "#core/images/registries/repository-template.ts";
import { finished, ready, sealed } from "#test/sealed.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { type TestService, testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";
import { waitUntil } from "#test/wait-until.ts";

/** A cancelled build is noticed by the fourth part of the lease. */
const quick = { SLIPWAY_RECONCILE_SECONDS: "0.2", SLIPWAY_LEASE_SECONDS: "8" };
const reads = async ({ call }: TestService, model: string, version: string) =>
  (await call("GET", `/v1/models/${model}/versions/${version}`)).json;

describe("a build", async () => {
  const service = await testService(quick);
  const { call, registry } = service;
  testWorker(registry, smallImageBuilder());

  it("ends in an image that the registry answers for", async () => {
    const { imageDigest } = await ready(service, "made", "1.0.0");
    const version = await reads(service, "made", "1.0.0");
    const { host, repository } = registry.config.registry;
    expect(version.image.reference).toBe(`${host}/${repositoryPath(repository, "made")}@${imageDigest}`);
    expect(version.image.platforms[0]).toMatchObject({ platform: "linux/amd64", digest: imageDigest });
    const manifest = await fetch(`http://${host}/v2/${repositoryPath(repository, "made")}/manifests/1.0.0`, {
      headers: { accept: "application/vnd.oci.image.manifest.v1+json" },
    });
    expect(manifest.headers.get("docker-content-digest")).toBe(imageDigest);
    const build = await call("GET", `/v1/builds/${version.build.id}`);
    expect(build.json).toMatchObject({
      status: "succeeded",
      attempt: 1,
      error: null,
      waiting: null,
      image: { digest: imageDigest },
    });
    const model = await call("GET", "/v1/models/made");
    expect(model.json.latestVersion).toBe("1.0.0");
  });

  it("keeps a lock, and takes it again", async () => {
    await ready(service, "locked", "1.0.0");
    const { build } = await reads(service, "locked", "1.0.0");
    const lock = await call("GET", `/v1/builds/${build.id}/lock`);
    expect(lock.status).toBe(200);
    const again = await call("POST", "/v1/models/locked/versions/1.0.0/builds", { json: { lock: lock.json } });
    expect(again.status).toBe(202);
    expect((await finished(service, again.json.id)).status).toBe("succeeded");
    const wrong = await call("POST", "/v1/models/locked/versions/1.0.0/builds", { json: { lock: { schema: 2 } } });
    expect(wrong.status).toBe(422);
  });

  it("shows what an engine was given, and says of an image that was put together that it has no Dockerfile", async () => {
    await ready(service, "steps", "1.0.0");
    const { build } = await reads(service, "steps", "1.0.0");
    const none = await call("GET", `/v1/builds/${build.id}/dockerfile`);
    expect([none.status, none.json.detail]).toEqual([404, expect.stringContaining("put together from layers")]);

    const other = await testService(quick);
    const small = smallImageBuilder();
    const dockerfile = "FROM scratch\nRUN true\n";
    const buildByEngine = async (...given: Parameters<typeof small.build>) => ({
      ...(await small.build(...given)),
      dockerfile,
    });
    testWorker(other.registry, { name: "engine", build: buildByEngine });
    await ready(other, "steps", "1.0.0");
    const { build: run } = await reads(other, "steps", "1.0.0");
    const given = await other.call("GET", `/v1/builds/${run.id}/dockerfile`);
    expect([given.status, given.headers["content-type"]]).toEqual([200, "text/plain; charset=utf-8"]);
    expect(given.bytes.toString()).toBe(dockerfile);
  });

  it("never takes a ready image away by building again, in the registry neither", async () => {
    const { imageDigest } = await ready(service, "rebuilt", "1.0.0");
    const again = await call("POST", "/v1/models/rebuilt/versions/1.0.0/builds");
    expect(again.status).toBe(202);
    expect((await reads(service, "rebuilt", "1.0.0")).status).toBe("ready");
    const build = await finished(service, again.json.id);
    expect(build.image.digest).not.toBe(imageDigest);
    const version = await reads(service, "rebuilt", "1.0.0");
    expect(version).toMatchObject({ status: "ready", image: { digest: imageDigest }, build: { id: again.json.id } });
    const { host, repository } = registry.config.registry;
    const tagged = await fetch(`http://${host}/v2/${repositoryPath(repository, "rebuilt")}/manifests/1.0.0`, {
      headers: { accept: "application/vnd.oci.image.manifest.v1+json" },
    });
    expect(tagged.headers.get("docker-content-digest")).toBe(imageDigest);
  });

  it("has a log in order, as text and as events that go on after an id", async () => {
    const { buildId } = await sealed(service, "logged", "1.0.0");
    await finished(service, buildId);
    const text = await call("GET", `/v1/builds/${buildId}/log`);
    expect(text.headers["content-type"]).toBe("text/plain; charset=utf-8");
    const lines = text.bytes.toString().trimEnd().split("\n");
    expect(lines[0]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z making a small image of logged:1\.0\.0$/);
    expect(lines.at(-1)).toContain("image: ");

    const events = await call("GET", `/v1/builds/${buildId}/log`, { headers: { accept: "text/event-stream" } });
    expect(events.headers["content-type"]).toContain("text/event-stream");
    const ids = [...events.bytes.toString().matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]));
    expect(ids).toEqual(lines.map((_, index) => index + 1));
    expect(events.bytes.toString()).toContain('event: end\ndata: {"status":"succeeded","error":null}');

    const rest = await call("GET", `/v1/builds/${buildId}/log`, {
      headers: { accept: "text/event-stream", "last-event-id": "2" },
    });
    expect(rest.bytes.toString()).toMatch(/^id: 3\n/);
  });

  it("of a draft is refused", async () => {
    await call("POST", "/v1/models", { json: { name: "early" } });
    await call("POST", "/v1/models/early/versions", { json: { version: "1.0.0" } });
    const draft = await call("POST", "/v1/models/early/versions/1.0.0/builds");
    expect([draft.status, draft.json.type]).toEqual([409, "/problems/version_not_sealed"]);
  });

  it("that does not exist is a 404, by any name", async () => {
    for (const id of ["nothing", "00000000-0000-0000-0000-000000000000"])
      for (const path of ["", "/log", "/lock", "/dockerfile"])
        expect((await call("GET", `/v1/builds/${id}${path}`)).status).toBe(404);
  });
});

describe("a build that cannot succeed", async () => {
  const service = await testService(quick);
  testWorker(
    service.registry,
    smallImageBuilder(async () => {
      throw new BuildFault("requirements_unresolvable", "there is no version of nosuch");
    }),
  );

  it("fails at once, with one readable reason", async () => {
    const { buildId } = await sealed(service, "hopeless", "1.0.0");
    const build = await finished(service, buildId);
    expect(build).toMatchObject({
      status: "failed",
      attempt: 1,
      image: null,
      error: { code: "requirements_unresolvable", message: "there is no version of nosuch" },
    });
    expect((await reads(service, "hopeless", "1.0.0")).status).toBe("failed");
    const log = await service.call("GET", `/v1/builds/${buildId}/log`);
    expect(log.bytes.toString()).toContain("failed: there is no version of nosuch");
    const again = await service.call("POST", "/v1/models/hopeless/versions/1.0.0/builds");
    expect(again.status).toBe(202);
    await finished(service, again.json.id);
  });
});

describe("a reason that cannot be kept as it is", async () => {
  const service = await testService(quick);
  testWorker(
    service.registry,
    smallImageBuilder(async () => {
      throw new BuildFault("requirements_unresolvable", `a\u0000b ${"x".repeat(2_000)}\ud83d`);
    }),
  );

  it("is kept as one readable line", async () => {
    const { buildId } = await sealed(service, "odd-reason", "1.0.0");
    const build = await finished(service, buildId);
    expect([build.status, build.attempt]).toEqual(["failed", 1]);
    expect(build.error.message).toMatch(/^a b x+…$/);
  });
});

describe("a build that meets a fault of a part", async () => {
  const service = await testService(quick);
  let isWell = false;
  testWorker(
    service.registry,
    smallImageBuilder(async () => {
      if (!isWell) throw new Error("the index answered 502");
    }),
  );

  it("waits, says for what and until when, and is tried again", async () => {
    const { buildId } = await sealed(service, "patient", "1.0.0");
    const waiting = await waitUntil("the build waits", async () => {
      const { json } = await service.call("GET", `/v1/builds/${buildId}`);
      return json.status === "waiting" ? json : null;
    });
    expect(waiting.waiting.for).toContain("the index answered 502");
    expect(new Date(waiting.waiting.until).getTime()).toBeGreaterThan(Date.now() + 3_000_000);
    expect((await reads(service, "patient", "1.0.0")).status).toBe("building");
    isWell = true;
    const build = await finished(service, buildId);
    expect(build).toMatchObject({ status: "succeeded", waiting: null, error: null });
    expect(build.attempt).toBeGreaterThan(1);
  });
});

describe("a build whose time for retries is over", async () => {
  const service = await testService({ ...quick, SLIPWAY_RETRY_SECONDS: "0" });
  testWorker(
    service.registry,
    smallImageBuilder(async () => {
      throw new Error("the index answered 502");
    }),
  );

  it("fails with the part's fault as its reason", async () => {
    const { buildId } = await sealed(service, "timely", "1.0.0");
    expect(await finished(service, buildId)).toMatchObject({
      status: "failed",
      error: { code: "part_unavailable", message: "the index answered 502" },
    });
  });
});

describe("a build that does not come to an end", async () => {
  const service = await testService({ ...quick, SLIPWAY_BUILD_LIMIT_SECONDS: "1" });
  testWorker(
    service.registry,
    smallImageBuilder(async (attempt, _request, { signal }) => {
      if (attempt === 1) await sleep(60_000, undefined, { signal });
    }),
  );

  it("is stopped at its limit and tried again", async () => {
    const { buildId } = await sealed(service, "endless", "1.0.0");
    const build = await finished(service, buildId);
    expect(build.status).toBe("succeeded");
    expect(build.attempt).toBeGreaterThan(1); // another may take more than a second as well
    const log = await service.call("GET", `/v1/builds/${buildId}/log`);
    expect(log.bytes.toString()).toContain("failed: not done within 1 s");
  });
});

describe("cancelling", async () => {
  const service = await testService(quick);
  const { call } = service;

  it("takes a queued build out for good", async () => {
    const { buildId } = await sealed(service, "queued", "1.0.0");
    for (const [method, path] of [
      ["POST", "/v1/models/queued/versions/1.0.0/builds"],
      ["POST", "/v1/models/queued/versions/1.0.0/archive"],
      ["DELETE", "/v1/models/queued"],
    ] as const) {
      const meanwhile = await call(method, path);
      expect([path, meanwhile.status, meanwhile.json.detail]).toEqual([path, 409, expect.stringContaining(buildId)]);
    }
    const cancelled = await call("POST", `/v1/builds/${buildId}/cancel`);
    expect([cancelled.status, cancelled.json.status]).toEqual([200, "cancelled"]);
    expect((await reads(service, "queued", "1.0.0")).status).toBe("sealed");
    expect((await call("POST", `/v1/builds/${buildId}/cancel`)).status).toBe(200);
    const worker = testWorker(service.registry, smallImageBuilder());
    const later = await sealed(service, "queued", "1.0.1");
    await finished(service, later.buildId);
    await worker.end();
    expect((await call("GET", `/v1/builds/${buildId}`)).json.status).toBe("cancelled");
  });

  it("stops a build that runs, and nothing of it shows", async () => {
    let [begun, aborted] = [false, false];
    const worker = testWorker(
      service.registry,
      smallImageBuilder(async (_attempt, _request, { signal }) => {
        begun = true;
        await sleep(100_000, undefined, { signal }).catch(() => {
          aborted = true;
        });
        signal.throwIfAborted();
      }),
    );
    const { buildId } = await sealed(service, "running", "1.0.0");
    await waitUntil("the build runs", async () => begun);
    expect((await call("GET", `/v1/builds/${buildId}`)).json.status).toBe("running");
    expect((await call("POST", `/v1/builds/${buildId}/cancel`)).json.status).toBe("cancelled");
    await waitUntil("the builder is told", async () => aborted);
    await worker.end();
    expect((await call("GET", `/v1/builds/${buildId}`)).json).toMatchObject({ status: "cancelled", image: null });
  });

  it("comes too late for a build that has ended", async () => {
    const worker = testWorker(service.registry, smallImageBuilder());
    const { buildId } = await sealed(service, "late", "1.0.0");
    await finished(service, buildId);
    await worker.end();
    const answer = await call("POST", `/v1/builds/${buildId}/cancel`);
    expect([answer.status, answer.json.type]).toEqual([409, "/problems/build_finished"]);
  });
});

describe("a worker that is lost", async () => {
  const service = await testService({ ...quick, SLIPWAY_LOST_WORKERS_LIMIT: "3" });
  const { call, registry } = service;

  it("writes nothing once its lease has run out, and another ends the build", async () => {
    let late: Promise<unknown> = Promise.resolve();
    const first = testWorker(
      registry,
      smallImageBuilder(async (attempt, _request, { log }) => {
        if (attempt > 1) return;
        // As if stopped: it holds no heart, then goes on after the lease.
        await registry.db
          .$executeRaw`UPDATE work SET lease_until = now() - interval '1 second', state = 'queued', attempt = attempt + 1`;
        log("a stale line");
        late = sleep(300);
        await late;
      }),
    );
    const { buildId } = await sealed(service, "stale", "1.0.0");
    const build = await finished(service, buildId);
    await late;
    expect(build).toMatchObject({ status: "succeeded", attempt: 3 });
    const log = await call("GET", `/v1/builds/${buildId}/log`);
    expect(log.bytes.toString()).not.toContain("a stale line");
    expect(await registry.db.image.count()).toBe(1);
    await first.end();
  });

  it("holds its build no longer than its lease: from then on the build is seen as queued", async () => {
    const { buildId } = await sealed(service, "orphaned", "1.0.0");
    // As a worker leaves it that is killed while no other lives.
    await registry.db.build.update({ where: { id: buildId }, data: { status: "running", attempt: 1 } });
    await registry.db.$executeRaw`
      UPDATE work SET state = 'running', attempt = 1, lease_until = now() + interval '1 minute'
      WHERE subject_id = ${buildId}::uuid`;
    expect((await call("GET", `/v1/builds/${buildId}`)).json.status).toBe("running");
    expect(await reads(service, "orphaned", "1.0.0")).toMatchObject({
      status: "building",
      build: { status: "running" },
    });
    await registry.db.$executeRaw`UPDATE work SET lease_until = now() WHERE subject_id = ${buildId}::uuid`;
    await expectQueued("orphaned", buildId);
    const worker = testWorker(registry, smallImageBuilder());
    expect(await finished(service, buildId)).toMatchObject({ status: "succeeded", attempt: 2 });
    await worker.end();
  });

  it("again and again fails the build with that reason", async () => {
    const { buildId } = await sealed(service, "deadly", "1.0.0");
    // Three workers that were killed: their leases ran out.
    await registry.db.$executeRaw`UPDATE work SET lost_leases = 3 WHERE subject_id = ${buildId}::uuid`;
    const worker = testWorker(registry, smallImageBuilder());
    const build = await finished(service, buildId);
    expect(build).toMatchObject({ status: "failed", error: { code: "worker_lost" } });
    await worker.end();
  });

  async function expectQueued(model: string, buildId: string): Promise<void> {
    expect((await call("GET", `/v1/builds/${buildId}`)).json.status).toBe("queued");
    expect(await reads(service, model, "1.0.0")).toMatchObject({ status: "sealed", build: { status: "queued" } });
    const { json } = await call("GET", `/v1/models/${model}/versions?status=sealed`);
    expect(json.items).toHaveLength(1);
  }

  it("gives back what it holds when it ends in order", async () => {
    const worker = testWorker(
      registry,
      smallImageBuilder(async (_attempt, _request, { signal }) => {
        await sleep(100_000, undefined, { signal });
      }),
      "first",
    );
    const { buildId } = await sealed(service, "handed", "1.0.0");
    await waitUntil(
      "the build runs",
      async () => (await call("GET", `/v1/builds/${buildId}`)).json.status === "running",
    );
    await worker.end();
    const work = await registry.db.work.findFirstOrThrow({ where: { subjectId: buildId } });
    expect(work).toMatchObject({ state: "queued", lostLeases: 0, attempt: 1 });
    await expectQueued("handed", buildId);
    const second = testWorker(registry, smallImageBuilder(), "second");
    expect(await finished(service, buildId)).toMatchObject({ status: "succeeded", attempt: 2 });
    await second.end();
  });
});
