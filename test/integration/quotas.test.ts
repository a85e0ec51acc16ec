import { randomBytes } from "node:crypto";
import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { findDraft } from "#core/models/version.ts";
import { guardedService } from "#test/access.ts";
import { expectRefused, kept } from "#test/aftermath.ts";
import { patiently } from "#test/patiently.ts";
import { predictorPackage } from "#test/sealed.ts";
import { tarOf } from "#test/tar-of.ts";
import { type Answer, draftOf, type TestService, testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";

const service = await testService();
const { call, registry, port } = service;

const setQuota = async (pattern: string, limits: Record<string, number>, on: TestService = service) => {
  const answer = await on.call("PUT", `/v1/quotas/${pattern}`, { json: limits });
  if (answer.status > 201) throw new Error(`the quota answered ${answer.status}: ${JSON.stringify(answer.json)}`);
  return answer;
};
const quotaOf = async (pattern: string, on: TestService = service) =>
  (await on.call("GET", "/v1/quotas")).json.items.find((quota: { pattern: string }) => quota.pattern === pattern);
const create = (name: string) => call("POST", "/v1/models", { json: { name } });
const draft = (model: string, version: string) => call("POST", `/v1/models/${model}/versions`, { json: { version } });
const put = (model: string, path: string, bytes: Buffer | string, version = "1.0.0") =>
  call("PUT", `/v1/models/${model}/versions/${version}/files/${path}`, { bytes });
const exceeded = (act: () => Promise<Answer>) => expectRefused(service, 409, act);
const noSpace = (act: () => Promise<Answer>) => expectRefused(service, 507, act);

/** Sends a body in chunks, with no length, for as long as the other side takes it. */
function putChunked(path: string, chunk: Buffer, chunks: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: "127.0.0.1", port, method: "PUT", path }, (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode ?? 0));
    });
    request.once("error", reject);
    for (let index = 0; index < chunks; index += 1) request.write(chunk);
    request.end();
  });
}

it("a quota of a group counts what uploads into all of its models have announced", async () => {
  const start = (model: string, sizeBytes: number) =>
    call("POST", `/v1/models/${model}/versions/1.0.0/resumable`, {
      headers: {
        "tus-resumable": "1.0.0",
        "upload-length": String(sizeBytes),
        "upload-metadata": `path ${Buffer.from(`${sizeBytes}.bin`).toString("base64")}`,
      },
    });
  for (const model of ["announced.a", "announced.b", "other.c"]) {
    await create(model);
    await draft(model, "1.0.0");
  }
  await setQuota("announced.*", { sizeBytes: 1_000 });
  await setQuota("announced.b", { sizeBytes: 900 });
  expect((await put("announced.b", "there.bin", Buffer.alloc(100))).status).toBe(201);
  const first = await start("announced.a", 600);
  expect((await start("other.c", 5_000)).status).toBe(201);
  expect(first.status).toBe(201);
  const { json } = await noSpace(() => start("announced.b", 301));
  expect(json.type).toBe("/problems/space_exceeded");
  expect(json.detail).toContain("with the uploads in progress, the quota of announced.* for bytes is reached");
  expect(json.detail).toContain("with 700 of 1000 in use");
  expect((await start("announced.b", 300)).status).toBe(201);
  await call("DELETE", String(first.headers["location"]), { headers: { "tus-resumable": "1.0.0" } });
  expect((await start("announced.b", 400)).status).toBe(201);
});

describe("a quota", () => {
  it("is made, replaced as a whole, shown with its use, and deleted, each on record", async () => {
    await create("own.first");
    const made = await setQuota("own.*", { models: 3, sizeBytes: 1_000 });
    expect([made.status, made.json]).toEqual([
      201,
      {
        pattern: "own.*",
        models: { limit: 3, used: 1 },
        versions: { limit: null, used: 0 },
        sizeBytes: { limit: 1_000, used: 0 },
        buildsAtOnce: { limit: null, used: 0 },
        fileBytes: { limit: null },
        filesPerVersion: { limit: null },
        changedAt: expect.any(String),
        changedBy: "anonymous",
      },
    ]);
    await draftOf(service, "own.first", "1.0.0", { "a.txt": "12345", "b.txt": "12345" });
    const replaced = await setQuota("own.*", { versions: 5 });
    expect([replaced.status, replaced.json]).toMatchObject([
      200,
      { models: { limit: null }, versions: { limit: 5, used: 1 }, sizeBytes: { limit: null, used: 10 } },
    ]);
    expect(await quotaOf("own.*")).toEqual(replaced.json);
    expect((await call("DELETE", "/v1/quotas/own.*")).status).toBe(204);
    expect(await quotaOf("own.*")).toBeUndefined();
    expect((await call("DELETE", "/v1/quotas/own.*")).json.type).toBe("/problems/quota_not_found");

    const audited = await registry.db.auditEntry.findMany({ where: { object: "own.*" }, orderBy: { id: "asc" } });
    const counts = { models: null, versions: null, buildsAtOnce: null, filesPerVersion: null };
    const none = { ...counts, sizeBytes: null, fileBytes: null };
    expect(audited.map(({ action, before, after, model }) => ({ action, before, after, model }))).toEqual([
      { action: "quota.set", before: null, after: { ...none, models: 3, sizeBytes: 1_000 }, model: null },
      {
        action: "quota.set",
        before: { ...none, models: 3, sizeBytes: 1_000 },
        after: { ...none, versions: 5 },
        model: null,
      },
      { action: "quota.delete", before: { ...none, versions: 5 }, after: null, model: null },
    ]);
  });

  it.each([
    ["own.*", {}, 400],
    ["own.*", { models: -1 }, 400],
    ["own.*", { models: 1.5 }, 400],
    ["own.*", { models: "3" }, 400],
    ["own.*", { models: 2 ** 31 }, 400],
    ["own.*", { sizeBytes: 2 ** 53 }, 400],
    ["own.*", { seats: 3 }, 400],
    ["own.*", { models: 1, changedBy: "me" }, 400],
    ["fraud*", { models: 1 }, 422],
    ["Fraud", { models: 1 }, 422],
    ["a".repeat(131), { models: 1 }, 422],
  ])("of %s with %j is refused", async (pattern, limits, status) => {
    await expectRefused(service, status, () => call("PUT", `/v1/quotas/${pattern}`, { json: limits }));
  });

  it("holds for a model whose every group may have its own", async () => {
    await setQuota("deep.*", { models: 10 });
    await setQuota("deep.er.*", { models: 1 });
    expect((await create("deep.er.first")).status).toBe(201);
    const { json } = await exceeded(() => create("deep.er.second"));
    expect(json.detail).toContain("the quota of deep.er.* for models is reached, with 1 of 1 in use");
    expect((await create("deep.second")).status).toBe(201);
  });
});

describe("a quota of models", () => {
  it("refuses one more, says what to do, and takes it again when there is room", async () => {
    await setQuota("few.*", { models: 1 });
    expect((await create("few.first")).status).toBe(201);
    const { json } = await exceeded(() => create("few.second"));
    expect(json).toMatchObject({ type: "/problems/quota_exceeded", status: 409 });
    expect(json.detail).toBe(
      "the quota of few.* for models is reached, with 1 of 1 in use: delete a model that is no longer needed, or ask an administrator to raise it",
    );
    expect((await create("few")).status).toBe(201);
    await call("DELETE", "/v1/models/few.first");
    expect((await create("few.second")).status).toBe(201);
    await setQuota("few.*", { models: 2 });
    expect((await create("few.third")).status).toBe(201);
  });

  it("lets through as many as it says of twenty at once", async () => {
    await setQuota("race.*", { models: 5 });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => patiently(() => create(`race.m${index}`))),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array(5).fill(201), ...Array(15).fill(409)]);
    expect((await quotaOf("race.*")).models).toEqual({ limit: 5, used: 5 });
  });

  it("takes nothing away when it is lowered below its use, and refuses more", async () => {
    for (const name of ["shrunk.a", "shrunk.b"]) await create(name);
    await setQuota("shrunk.*", { models: 1 });
    expect((await quotaOf("shrunk.*")).models).toEqual({ limit: 1, used: 2 });
    await exceeded(() => create("shrunk.c"));
    await call("DELETE", "/v1/models/shrunk.a");
    await exceeded(() => create("shrunk.c"));
    expect((await call("PATCH", "/v1/models/shrunk.b", { json: { title: "still here" } })).status).toBe(200);
  });
});

describe("a rename into a quota", () => {
  beforeAll(async () => {
    await draftOf(service, "outside", "1.0.0", { "a.bin": "x".repeat(100) });
    await draftOf(service, "outside", "1.1.0", {});
  });
  const rename = (from: string, name: string) => call("PATCH", `/v1/models/${from}`, { json: { name } });

  it.each([
    ["models", { models: 0 }],
    ["versions", { versions: 1 }],
    ["bytes", { sizeBytes: 99 }],
  ])("is refused where its %s have no room there", async (what, limits) => {
    await setQuota("inside.*", limits);
    const refused = what === "bytes" ? noSpace : exceeded;
    const { json } = await refused(() => rename("outside", "inside.model"));
    expect(json.detail).toContain(`the quota of inside.* for ${what} is reached: `);
    expect((await call("GET", "/v1/models/outside")).status).toBe(200);
  });

  it("counts there from then on, and a rename within adds nothing", async () => {
    await setQuota("inside.*", { models: 1, versions: 2, sizeBytes: 100 });
    expect((await rename("outside", "inside.model")).status).toBe(200);
    expect(await quotaOf("inside.*")).toMatchObject({
      models: { used: 1 },
      versions: { used: 2 },
      sizeBytes: { used: 100 },
    });
    expect((await rename("inside.model", "inside.again")).status).toBe(200);
    await exceeded(() => draft("inside.again", "1.2.0"));
    expect((await rename("inside.again", "outside")).status).toBe(200);
    expect(await quotaOf("inside.*")).toMatchObject({ models: { used: 0 }, sizeBytes: { used: 0 } });
  });

  it("waits for an upload that is being written, and counts it", async () => {
    const { db } = registry;
    await draftOf(service, "written", "1.0.0", { "a.bin": randomBytes(60) });
    await setQuota("reached.*", { sizeBytes: 100 });
    const renaming = await db.$transaction(async (tx) => {
      const { id } = await findDraft(tx, "written", "1.0.0");
      await tx.$executeRaw`
        INSERT INTO version_files (version_id, path, folded_path, blob_digest, size_bytes)
        SELECT version_id, 'b.bin', 'b.bin', blob_digest, size_bytes FROM version_files WHERE version_id = ${id}::uuid`;
      const asked = rename("written", "reached.model");
      await sleep(200);
      return { asked };
    });
    expect((await renaming.asked).json.type).toBe("/problems/space_exceeded");
    expect((await quotaOf("reached.*")).sizeBytes.used).toBe(0);
  });

  it("and an upload on its way there never pass it together", async () => {
    for (let round = 0; round < 5; round += 1) {
      const name = `mover-${round}`;
      await draftOf(service, name, "1.0.0", {});
      await setQuota(`target${round}.*`, { sizeBytes: 50 });
      const uploads = Array.from({ length: 4 }, (_, index) =>
        patiently(() => put(name, `f${index}.bin`, randomBytes(30))),
      );
      await sleep(round * 3);
      const [moved, ...put4] = await Promise.all([patiently(() => rename(name, `target${round}.m`)), ...uploads]);
      const { sizeBytes } = await quotaOf(`target${round}.*`);
      expect(sizeBytes.used).toBeLessThanOrEqual(50);
      expect([200, 507]).toContain(moved.status);
      for (const { status } of put4) expect([201, 404, 507]).toContain(status);
    }
  });
});

describe("a quota of versions", () => {
  it("counts drafts and archives alike, and not what was deleted", async () => {
    await setQuota("lines.*", { versions: 2 });
    await create("lines.a");
    await create("lines.b");
    expect((await draft("lines.a", "1.0.0")).status).toBe(201);
    expect((await draft("lines.b", "1.0.0")).status).toBe(201);
    const { json } = await exceeded(() => draft("lines.a", "1.1.0"));
    expect(json.detail).toContain("the quota of lines.* for versions is reached, with 2 of 2 in use: delete drafts");
    await call("DELETE", "/v1/models/lines.b/versions/1.0.0");
    const next = await draft("lines.a", "1.1.0");
    expect([next.status, next.json.number]).toEqual([201, 2]);
  });

  it("lets through as many as it says of twenty at once, over several models", async () => {
    await setQuota("crowd.*", { versions: 5 });
    for (const name of ["crowd.a", "crowd.b", "crowd.c"]) await create(name);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => patiently(() => draft(`crowd.${"abc"[index % 3]}`, `1.${index}.0`))),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(5);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(15);
    expect((await quotaOf("crowd.*")).versions.used).toBe(5);
  });
});

describe("a quota of bytes", () => {
  it("refuses a file that announces more before it is read, and keeps nothing of it", async () => {
    await draftOf(service, "bytes.announced", "1.0.0", { "a.bin": randomBytes(600) });
    await setQuota("bytes.*", { sizeBytes: 1_000 });
    const { json } = await noSpace(() => put("bytes.announced", "b.bin", randomBytes(401)));
    expect(json.detail).toContain(
      "the quota of bytes.* for bytes is reached, with 600 of 1000 in use: delete drafts, or files of drafts",
    );
    const early = http.request({
      port,
      method: "PUT",
      path: "/v1/models/bytes.announced/versions/1.0.0/files/b.bin",
      headers: { "content-length": 10_000_000 },
    });
    early.on("error", () => {});
    const status = await new Promise((resolve) => {
      early.once("response", (response) => resolve(response.statusCode));
      early.flushHeaders();
    });
    expect(status).toBe(507); // not a byte was sent
    early.destroy();
    expect((await put("bytes.announced", "b.bin", randomBytes(400))).status).toBe(201);
    await call("DELETE", "/v1/models/bytes.announced/versions/1.0.0/files/b.bin");
    expect((await put("bytes.announced", "c.bin", randomBytes(400))).status).toBe(201);
  });

  it("ends a file without a length as soon as it passes, and keeps nothing of it", async () => {
    await draftOf(service, "chunked.a", "1.0.0", {});
    await setQuota("chunked.*", { sizeBytes: 100_000 });
    const before = await kept(service);
    const path = "/v1/models/chunked.a/versions/1.0.0/files/big.bin";
    expect(await putChunked(path, randomBytes(60_000), 200)).toBe(507);
    await waitUntil("nothing is left", async () => JSON.stringify(await kept(service)) === JSON.stringify(before));
    expect(await putChunked(path, randomBytes(50_000), 2)).toBe(201);
    expect((await quotaOf("chunked.*")).sizeBytes).toEqual({ limit: 100_000, used: 100_000 });
  });

  it("counts the difference of a file that is replaced", async () => {
    await draftOf(service, "swap.a", "1.0.0", { "a.bin": randomBytes(80) });
    await setQuota("swap.*", { sizeBytes: 100 });
    expect((await put("swap.a", "a.bin", randomBytes(100))).status).toBe(200);
    await noSpace(() => put("swap.a", "a.bin", randomBytes(101)));
    await setQuota("swap.*", { sizeBytes: 10 });
    expect((await put("swap.a", "a.bin", randomBytes(90))).status).toBe(200);
    await noSpace(() => put("swap.a", "a.bin", randomBytes(91)));
    expect((await put("swap.a", "b.bin", "")).status).toBe(201);
    expect((await quotaOf("swap.*")).sizeBytes).toEqual({ limit: 10, used: 90 });
  });

  it("counts what each version shows, also where the store has the bytes already", async () => {
    const bytes = randomBytes(60);
    await draftOf(service, "twin.elsewhere", "1.0.0", { "a.bin": bytes });
    await draftOf(service, "twins.a", "1.0.0", { "a.bin": bytes });
    await setQuota("twins.*", { sizeBytes: 100 });
    await noSpace(() => put("twins.a", "b.bin", bytes));
  });

  it("is not passed by uploads at once", async () => {
    await draftOf(service, "burst.a", "1.0.0", {});
    await draftOf(service, "burst.b", "1.0.0", {});
    await setQuota("burst.*", { sizeBytes: 100 });
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        patiently(() => put(`burst.${"ab"[index % 2]}`, `${index}.bin`, randomBytes(30))),
      ),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
    expect(answers.filter(({ status }) => status === 507)).toHaveLength(9);
    expect((await quotaOf("burst.*")).sizeBytes.used).toBe(90);
  });

  it("holds for archives: for what they hold, and for the version that they make", async () => {
    await create("tarred.a");
    const archive = gzipSync(
      await tarOf({
        "src/predictor.py": Buffer.from(predictorPackage["src/predictor.py"]),
        "zeros.bin": Buffer.alloc(500_000),
      }),
    );
    const upload = (version: string) =>
      call("POST", `/v1/models/tarred.a/versions?version=${version}`, {
        bytes: archive,
        headers: { "content-type": "application/gzip" },
      });
    await setQuota("tarred.*", { sizeBytes: 400_000 });
    expect(archive.length).toBeLessThan(10_000);
    const { json } = await noSpace(() => upload("1.0.0"));
    expect(json.type).toBe("/problems/space_exceeded");
    await setQuota("tarred.*", { versions: 1, sizeBytes: 600_000 });
    expect((await upload("1.0.0")).status).toBe(202);
    expect((await exceeded(() => upload("1.1.0"))).json.detail).toContain("for versions");
    await setQuota("tarred.*", { versions: 2, sizeBytes: 600_000 });
    expect((await noSpace(() => upload("1.1.0"))).json.detail).toContain("for bytes");
  });
});

describe("with access on, a quota", async () => {
  const guarded = await guardedService();
  const { admin } = guarded;
  const reader = await guarded.identity("reader", [{ role: "reader", pattern: "fraud.*" }]);
  const uploader = await guarded.identity("uploader", [{ role: "uploader", pattern: "fraud.eu.scores" }]);
  beforeAll(async () => {
    for (const pattern of ["*", "fraud.*", "fraud.eu.*", "fraud.eu.scores", "churn"])
      await admin("PUT", `/v1/quotas/${pattern}`, { json: { models: 1, versions: 1 } });
    await admin("POST", "/v1/models", { json: { name: "fraud.eu.hidden" } });
  });
  const shown = async (who: { call: typeof admin }) =>
    (await who.call("GET", "/v1/quotas")).json.items.map(({ pattern }: { pattern: string }) => pattern);

  it("is shown to those alone who see all of its models", async () => {
    expect(await shown({ call: admin })).toEqual(["*", "churn", "fraud.*", "fraud.eu.*", "fraud.eu.scores"]);
    expect(await shown(reader)).toEqual(["fraud.*", "fraud.eu.*", "fraud.eu.scores"]);
    expect(await shown(uploader)).toEqual(["fraud.eu.scores"]);
    const narrowed = await guarded.identity("narrowed", [{ role: "reader", pattern: "*" }], {
      grants: [{ role: "reader", pattern: "fraud.eu.*" }],
    });
    expect(await shown(narrowed)).toEqual(["fraud.eu.*", "fraud.eu.scores"]);
    expect(await shown(await guarded.identity("nobody", []))).toEqual([]);
  });

  it("refuses without a figure", async () => {
    const refused = await uploader.call("POST", "/v1/models", { json: { name: "fraud.eu.scores" } });
    expect([refused.status, refused.json.type]).toEqual([409, "/problems/quota_exceeded"]);
    expect(refused.json.detail.replace("GET /v1/quotas", "")).not.toMatch(/\d|hidden/);
  });

  it("is set and deleted by whoever administers everything", async () => {
    const chief = await guarded.identity("chief", [{ role: "administrator", pattern: "fraud.*" }]);
    for (const who of [reader, chief]) {
      const set = await who.call("PUT", "/v1/quotas/fraud.*", { json: { models: 100 } });
      expect([set.status, set.json.type]).toEqual([403, "/problems/forbidden"]);
      expect((await who.call("DELETE", "/v1/quotas/fraud.*")).status).toBe(403);
    }
    expect(await guarded.registry.db.quota.findUnique({ where: { pattern: "fraud.*" } })).toMatchObject({ models: 1 });
  });
});
