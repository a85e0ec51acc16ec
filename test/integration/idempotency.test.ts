import { randomUUID } from "node:crypto";
import http from "node:http";
import { buffer } from "node:stream/consumers";
import tar from "tar-stream";
import { describe, expect, it } from "vitest";
import { digestOf } from "#core/artifacts/digest.ts";
import { claimKey, rememberAnswer } from "#core/idempotency/keys.ts";
import { createModel } from "#core/models/create-model.ts";
import { parseModelName } from "#core/models/model-name.ts";
import { patiently } from "#test/patiently.ts";
import { finished, predictorPackage, ready, sealed } from "#test/sealed.ts";
import { apiProcess } from "#test/service-processes.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";
import { waitUntil } from "#test/wait-until.ts";

const service = await testService();
const { call, registry } = service;
const { db } = registry;

interface Post {
  url: string;
  json?: unknown;
  bytes?: Buffer;
}

function post({ url, json, bytes }: Post, key: string, port = service.port): ReturnType<typeof call> {
  const type: Record<string, string> = bytes === undefined ? {} : { "content-type": "application/x-tar" };
  return call("POST", url, {
    port,
    headers: { "idempotency-key": key, ...type },
    ...(json === undefined ? {} : { json }),
    ...(bytes === undefined ? {} : { bytes }),
  });
}

async function archive(note = "") {
  const pack = tar.pack();
  for (const [name, content] of Object.entries({ ...predictorPackage, "note.txt": note }))
    pack.entry({ name }, content);
  pack.finalize();
  return buffer(pack);
}

const auditRows = () => db.auditEntry.count();

describe("a POST with an Idempotency-Key", () => {
  const requests: Record<string, () => Promise<Post>> = {
    "making a model": async () => ({ url: "/v1/models", json: { name: "made-once" } }),
    "making a draft": async () => {
      await call("POST", "/v1/models", { json: { name: "drafts" } });
      return { url: "/v1/models/drafts/versions", json: { version: "1.0.0" } };
    },
    "uploading a whole version": async () => {
      await call("POST", "/v1/models", { json: { name: "archives" } });
      return { url: "/v1/models/archives/versions?version=1.0.0", bytes: await archive() };
    },
    "registering files": async () => {
      await draftOf(service, "registers", "1.0.0", { "a.txt": "known" });
      const files = [{ path: "b.txt", digest: digestOf("known") }];
      return { url: "/v1/models/registers/versions/1.0.0/files", json: { files } };
    },
    sealing: async () => {
      await draftOf(service, "seals", "1.0.0", predictorPackage);
      return { url: "/v1/models/seals/versions/1.0.0/seal" };
    },
    archiving: async () => {
      const { buildId } = await sealed(service, "archived", "1.0.0");
      await call("POST", `/v1/builds/${buildId}/cancel`);
      return { url: "/v1/models/archived/versions/1.0.0/archive" };
    },
    "building again": async () => {
      const { buildId } = await sealed(service, "rebuilt", "1.0.0");
      await call("POST", `/v1/builds/${buildId}/cancel`);
      return { url: "/v1/models/rebuilt/versions/1.0.0/builds", json: {} };
    },
    "checking a registry": async () => ({ url: "/v1/registries/default/check" }),
    "making an identity": async () => ({ url: "/v1/identities", json: { name: "ada", kind: "person" } }),
    "cancelling a build": async () => {
      const { buildId } = await sealed(service, "cancelled", "1.0.0");
      return { url: `/v1/builds/${buildId}/cancel` };
    },
  };

  it.each(Object.keys(requests))("%s, sent twice, has one effect and the same answer", async (name) => {
    const request = await requests[name]?.();
    if (request === undefined) throw new Error(name);
    const key = randomUUID();
    const first = await post(request, key);
    expect([200, 201, 202]).toContain(first.status);
    expect(first.headers["idempotent-replayed"]).toBeUndefined();
    const rows = await auditRows();
    const again = await post(request, key);
    expect([again.status, again.headers["location"], again.bytes.toString()]).toEqual([
      first.status,
      first.headers["location"],
      first.bytes.toString(),
    ]);
    expect(again.headers["idempotent-replayed"]).toBe("true");
    expect(again.headers["content-type"]).toBe(first.headers["content-type"]);
    expect(await auditRows()).toBe(rows);
  });

  it("is said of every POST in OpenAPI that changes something", async () => {
    const { json } = await call("GET", "/openapi.json");
    const uploads = "/v1/models/{model}/versions/{version}/uploads";
    const changesNothing = `${uploads}/{id}/parts`;
    // The protocol has no such header: an upload that was begun twice expires.
    const tus = "/v1/models/{model}/versions/{version}/resumable";
    // A pipeline's token is taken once.
    const tokens = "/v1/token-exchange";
    // A terminal that asks again begins again, or goes on waiting.
    const terminals = ["/v1/sign-in/device", "/v1/sign-in/device/token"];
    const posts = Object.entries<{ post?: { parameters?: { name: string }[] } }>(json.paths).filter(
      ([path, methods]) => methods.post && ![changesNothing, tus, tokens, ...terminals].includes(path),
    );
    // Two requests of this list go to one path; what shows a token once answers otherwise (access/tokens.test.ts).
    const shownOnce = ["/v1/identities/{identity}/tokens", "/v1/setup"];
    // Direct uploads want a bucket (direct-uploads.test.ts).
    // A proof wants a version that is ready (proofs.test.ts).
    const proof = "/v1/models/{model}/versions/{version}/proof";
    // So do these (upkeep/check-and-restore.test.ts).
    const image = "/v1/models/{model}/versions/{version}/image";
    const ofImages = [`${image}/check`, `${image}/restore`];
    // Tags of versions that are ready (promotion/moving-tags.test.ts).
    const ofTags = ["/v1/models/{model}/tags", "/v1/models/{model}/tags/{tag}/rollback"];
    // Secrets that are shown once, and a delivery to have been made (events/webhooks.test.ts).
    const aWebhook = "/v1/webhooks/{webhook}";
    const ofWebhooks = ["/v1/webhooks", `${aWebhook}/secret`, `${aWebhook}/deliveries/{delivery}/redeliver`];
    // What waits, and what is sealed (promotion/policies.test.ts, approvals.test.ts).
    const ofPromotions = [
      "/v1/models/{model}/promotions",
      "/v1/promotions/{id}/approvals",
      "/v1/promotions/{id}/cancel",
      "/v1/models/{model}/versions/{version}/checks",
    ];
    const atTheirPlace = [...ofImages, ...ofTags, ...ofPromotions, ...ofWebhooks];
    const elsewhere = [...shownOnce, uploads, `${uploads}/{id}/complete`, proof, ...atTheirPlace];
    expect(posts.length).toBe(Object.keys(requests).length - 1 + elsewhere.length);
    for (const [path, { post: operation }] of posts)
      expect([path, operation?.parameters?.map(({ name }) => name.toLowerCase())]).toEqual([
        path,
        expect.arrayContaining(["idempotency-key"]),
      ]);
  });

  it("is refused for another request, and the first answer stays", async () => {
    const key = randomUUID();
    const first = await post({ url: "/v1/models", json: { name: "taken", labels: { a: "1", b: "2" } } }, key);
    expect(first.status).toBe(201);
    await call("POST", "/v1/models", { json: { name: "other" } });
    for (const other of [
      { url: "/v1/models", json: { name: "elsewhere" } },
      { url: "/v1/models?", json: { name: "taken", labels: { a: "1", b: "2" } } },
      { url: "/v1/models/other/versions", json: { version: "1.0.0" } },
    ]) {
      const refused = await post(other, key);
      expect([refused.status, refused.json.type]).toEqual([422, "/problems/idempotency_key_reused"]);
    }
    expect((await call("GET", "/v1/models/elsewhere")).status).toBe(404);
    const reordered = await post({ url: "/v1/models", json: { labels: { b: "2", a: "1" }, name: "taken" } }, key);
    expect(reordered.bytes.toString()).toBe(first.bytes.toString());
  });

  it("is refused for an archive of other bytes", async () => {
    await call("POST", "/v1/models", { json: { name: "bytes" } });
    const url = "/v1/models/bytes/versions?version=1.0.0";
    const key = randomUUID();
    expect((await post({ url, bytes: await archive("one") }, key)).status).toBe(202);
    const other = await post({ url, bytes: await archive("two") }, key);
    expect([other.status, other.json.type]).toEqual([422, "/problems/idempotency_key_reused"]);
  });

  it("is free again when its request was refused", async () => {
    const key = randomUUID();
    const request = { url: "/v1/models/late/versions", json: { version: "1.0.0" } };
    expect((await post(request, key)).status).toBe(404);
    await call("POST", "/v1/models", { json: { name: "late" } });
    expect((await post(request, key)).status).toBe(201);
    expect((await post(request, key)).headers["idempotent-replayed"]).toBe("true");
  });

  it("runs anew a day later", async () => {
    const key = randomUUID();
    const request = { url: "/v1/models", json: { name: "yesterday" } };
    await post(request, key);
    await db.$executeRaw`UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = ${key}`;
    expect((await post(request, key)).status).toBe(409);
    expect((await post({ url: "/v1/models", json: { name: "today" } }, key)).status).toBe(201);
  });

  it("is removed after a day, when others come", async () => {
    await post({ url: "/v1/models", json: { name: "outdated" } }, "outdated");
    await db.$executeRaw`UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = 'outdated'`;
    await post({ url: "/v1/models", json: { name: "newer" } }, randomUUID());
    await waitUntil("it is gone", async () => (await db.idempotencyKey.count({ where: { key: "outdated" } })) === 0);
  });

  it.each(["", "x".repeat(256), "é"])("must be printable ASCII: %j is refused", async (key) => {
    const answer = await post({ url: "/v1/models", json: { name: "odd-key" } }, key);
    expect([answer.status, answer.json?.type]).toEqual([400, "/problems/invalid_request"]);
    expect((await call("GET", "/v1/models/odd-key")).status).toBe(404);
  });

  it("is one: of two in one request none is taken", async () => {
    const request = http.request({ host: "127.0.0.1", port: service.port, method: "POST", path: "/v1/models" });
    request.setHeader("content-type", "application/json");
    request.setHeader("idempotency-key", ["one", "two"]);
    request.end(JSON.stringify({ name: "two-keys" }));
    const status = await new Promise((resolve, reject) => {
      request.on("response", (response) => resolve(response.resume().statusCode)).on("error", reject);
    });
    expect(status).toBe(400);
    expect((await call("GET", "/v1/models/two-keys")).status).toBe(404);
  });

  it("of fifty senders at once lets one act; the others hear its answer, or to wait", async () => {
    const key = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => patiently(() => post({ url: "/v1/models", json: { name: "crowd" } }, key))),
    );
    const made = answers.filter(({ status }) => status === 201);
    expect(made.filter(({ headers }) => headers["idempotent-replayed"] === undefined).length).toBe(1);
    expect(new Set(made.map(({ bytes }) => bytes.toString())).size).toBe(1);
    for (const { status, json } of answers)
      if (status !== 201) expect([status, json.type]).toEqual([409, "/problems/request_in_progress"]);
    expect(await db.auditEntry.count({ where: { action: "model.create", object: "crowd" } })).toBe(1);
  });
});

/** An upload that stays open until it is told to go on. */
function openUpload(url: string, key: string, port: number) {
  const request = http.request({
    host: "127.0.0.1",
    port,
    method: "POST",
    path: url,
    headers: { "content-type": "application/x-tar", "idempotency-key": key },
  });
  const answer = new Promise<{ status: number; body: string }>((resolve, reject) => {
    request.on("response", (response) =>
      buffer(response).then((bytes) => resolve({ status: response.statusCode ?? 0, body: bytes.toString() }), reject),
    );
    request.on("error", reject);
  });
  answer.catch(() => {}); // whoever kills the server expects it
  return { request, answer };
}

async function keyIs(state: "claimed" | "answered", key: string) {
  await waitUntil(`the key is ${state}`, async () => {
    const row = await db.idempotencyKey.findFirst({ where: { key } });
    return row !== null && (state === "claimed" || row.status !== null);
  });
}

describe("while the first request runs", () => {
  it("another with its key hears to wait, and then has its answer", async () => {
    await call("POST", "/v1/models", { json: { name: "slow" } });
    const url = "/v1/models/slow/versions?version=1.0.0";
    const key = randomUUID();
    const bytes = await archive("slow");
    const { request, answer } = openUpload(url, key, service.port);
    request.write(bytes.subarray(0, 700));
    await keyIs("claimed", key);
    const waiting = await post({ url, bytes }, key);
    expect([waiting.status, waiting.json.type]).toEqual([409, "/problems/request_in_progress"]);
    request.end(bytes.subarray(700));
    const first = await answer;
    expect(first.status).toBe(202);
    expect((await post({ url, bytes }, key)).bytes.toString()).toBe(first.body);
  });

  it("and has lost its key to another, it changes nothing", async () => {
    const keyed = { caller: "anonymous", key: randomUUID(), requestDigest: digestOf("the same request") };
    const hung = await claimKey(db, keyed, -1_000); // over before it began
    const next = await claimKey(db, keyed, 120_000);
    if (!("claim" in hung && "claim" in next)) throw new Error("the key was not given twice");
    const make = ({ claim }: typeof next, name: string) =>
      createModel(
        registry,
        { name: parseModelName(name) },
        { name: "anonymous", requestId: null, address: null, tokenId: null },
        (tx, model) => rememberAnswer(tx, claim, { status: 201, location: null, body: model.name, bodyDigest: null }),
      );
    await make(next, "went-ahead");
    await expect(make(hung, "too-late")).rejects.toMatchObject({ code: "request_in_progress" });
    expect((await call("GET", "/v1/models/too-late")).status).toBe(404);
    expect(await claimKey(db, keyed, 0)).toMatchObject({ answer: { body: "went-ahead" } });
  });
});

describe("when the API is killed", () => {
  it("in mid-upload, the same request is taken once the key's lease has run out", async () => {
    await call("POST", "/v1/models", { json: { name: "killed" } });
    const url = "/v1/models/killed/versions?version=1.0.0";
    const key = randomUUID();
    const bytes = await archive("killed");
    const api = await apiProcess(service);
    const { request } = openUpload(url, key, api.port);
    request.write(bytes.subarray(0, 700));
    await keyIs("claimed", key);
    api.process.kill();
    await api.process.exited;
    const taken = await waitUntil("the key is free", async () => {
      const again = await post({ url, bytes }, key);
      if (again.status === 409) expect(again.json.type).toBe("/problems/request_in_progress");
      return again.status === 409 ? null : again;
    });
    expect(taken.status).toBe(202);
    expect(await db.auditEntry.count({ where: { action: "version.seal", object: "killed:1.0.0" } })).toBe(1);
  });

  it("after the commit, the same request has the answer that was lost", async () => {
    testWorker(registry, smallImageBuilder());
    await ready(service, "lost", "1.0.0");
    const key = randomUUID();
    const api = await apiProcess(service);
    const request = { url: "/v1/models/lost/versions/1.0.0/builds", json: {} };
    const unheard = post(request, key, api.port).catch(() => null);
    await keyIs("answered", key);
    api.process.kill();
    await unheard;
    const again = await post(request, key);
    expect([again.status, again.headers["idempotent-replayed"]]).toEqual([202, "true"]);
    await finished(service, again.json.id);
    expect(await db.build.count({ where: { version: { model: { name: "lost" } } } })).toBe(2);
  });
});
