import { request as httpRequest, type IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { guardedService, type Known } from "#test/access.ts";
import { predictorPackage, sealed } from "#test/sealed.ts";
import { draftOf } from "#test/test-service.ts";

const service = await guardedService();
const admin = { ...service, call: service.admin };
const withinMs = 30_000;

/** A request that is still sent, or whose answer is still on its way. */
function open(caller: Known, method: string, path: string, headers: Record<string, string> = {}) {
  const request = httpRequest({
    host: "127.0.0.1",
    port: service.port,
    method,
    path,
    headers: { authorization: `Bearer ${caller.token}`, ...headers },
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.once("response", resolve);
    request.once("error", reject);
  });
  answered.catch(() => {});
  if (method === "GET") request.end();
  return { request, answered };
}

/** Sends a byte now and then, until it is told to end. */
async function drip(request: ReturnType<typeof open>["request"], ended: Promise<unknown>): Promise<void> {
  let over = false;
  ended
    .catch(() => {})
    .finally(() => {
      over = true;
    });
  while (!over && !request.destroyed) {
    request.write("x".repeat(1_000));
    await sleep(50);
  }
}

const takenAway: [string, (caller: Known) => Promise<unknown>, number][] = [
  [
    "its token is revoked",
    ({ name, tokenId }) => service.admin("DELETE", `/v1/identities/${name}/tokens/${tokenId}`),
    401,
  ],
  [
    "its owner is disabled",
    ({ name }) => service.admin("PATCH", `/v1/identities/${name}`, { json: { disabled: true } }),
    401,
  ],
  [
    "its owner may only read",
    ({ name }) =>
      service.admin("PATCH", `/v1/identities/${name}`, { json: { grants: [{ role: "reader", pattern: "*" }] } }),
    403,
  ],
  [
    "its owner may see it no more",
    ({ name }) => service.admin("PATCH", `/v1/identities/${name}`, { json: { grants: [] } }),
    404,
  ],
];

it.each(takenAway)("an upload ends when %s, and nothing of it is kept", async (why, take, status) => {
  const name = `up-${takenAway.findIndex(([text]) => text === why)}`;
  const caller = await service.identity(name, [{ role: "uploader", pattern: "*" }]);
  await draftOf(admin, name, "1.0.0");
  const { request, answered } = open(caller, "PUT", `/v1/models/${name}/versions/1.0.0/files/large.bin`);
  const dripping = drip(request, answered);
  await sleep(300);
  await take(caller);
  const start = performance.now();
  const answer = await answered;
  expect(performance.now() - start).toBeLessThan(withinMs);
  expect([answer.statusCode, JSON.parse((await buffer(answer)).toString()).status]).toEqual([status, status]);
  request.destroy();
  await dripping;
  const { db } = service.registry;
  expect(await db.versionFile.count({ where: { version: { model: { name } } } })).toBe(0);
  expect((await service.admin("GET", `/v1/models/${name}/versions/1.0.0/files`)).json.items).toEqual([]);
});

it.each([
  [
    "PATCH",
    (name: string) => `/v1/identities/${name}`,
    { disabled: false, grants: [{ role: "administrator", pattern: "*" }] },
  ],
  [
    "POST",
    () => "/v1/identities",
    { name: "a-door-behind", kind: "person", grants: [{ role: "administrator", pattern: "*" }] },
  ],
  ["POST", (name: string) => `/v1/identities/${name}/tokens`, { name: "a door behind" }],
  ["POST", () => "/v1/models", { name: "a-door-behind" }],
] as const)("a body that comes after the rights have ended does nothing: %s %s", async (method, pathOf, json) => {
  const name = `late-${method.toLowerCase()}-${pathOf("x").split("/").length}-${JSON.stringify(json).length}`;
  const caller = await service.identity(name, [{ role: "administrator", pattern: "*" }]);
  const body = JSON.stringify(json);
  const { request, answered } = open(caller, method, pathOf(name), {
    "content-type": "application/json",
    "content-length": String(body.length),
  });
  request.write(body.slice(0, 5));
  await sleep(200);
  await service.admin("PATCH", `/v1/identities/${name}`, { json: { disabled: true, grants: [] } });
  await sleep(1_000);
  request.end(body.slice(5));
  expect((await answered).statusCode).toBe(401);
  const { db } = service.registry;
  expect(await db.identity.count({ where: { name: "a-door-behind" } })).toBe(0);
  expect(await db.model.count({ where: { name: "a-door-behind" } })).toBe(0);
  expect(await db.identity.findUnique({ where: { name } })).toMatchObject({ grants: [], disabledAt: expect.any(Date) });
  expect(await db.token.count({ where: { identity: { name } } })).toBe(1);
});

it("of two administrators who disable each other one stays", async () => {
  const [one, other] = await Promise.all(
    ["one", "other"].map((name) => service.identity(`duel-${name}`, [{ role: "administrator", pattern: "*" }])),
  );
  if (one === undefined || other === undefined) throw new Error("there are two");
  const disable = (by: Known, whom: Known) =>
    by.call("PATCH", `/v1/identities/${whom.name}`, { json: { disabled: true } });
  const answers = await Promise.all([disable(one, other), disable(other, one)]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
  const disabled = await service.registry.db.identity.findMany({
    where: { name: { startsWith: "duel-" }, disabledAt: { not: null } },
  });
  expect(disabled).toHaveLength(1);
});

it("an archive ends with its token, and there is no version", async () => {
  const expiresAt = new Date(Date.now() + 5_000).toISOString(); // long enough to make it
  const caller = await service.identity("archives", [{ role: "uploader", pattern: "*" }], { expiresAt });
  await service.admin("POST", "/v1/models", { json: { name: "archived" } });
  const { request, answered } = open(caller, "POST", "/v1/models/archived/versions?version=1.0.0", {
    "content-type": "application/x-tar",
    "idempotency-key": "an archive that its token did not outlive",
  });
  const dripping = drip(request, answered);
  expect([400, 401, 422]).toContain((await answered).statusCode);
  request.destroy();
  await dripping;
  expect(await service.registry.db.version.count({ where: { model: { name: "archived" } } })).toBe(0);
});

it.each([
  ["as text", "?follow=true", {}],
  ["as events", "", { accept: "text/event-stream" }],
])("a log that is followed %s ends when its reader may see it no more", async (form, query, headers) => {
  const name = form.replace(" ", "-");
  const caller = await service.identity(name, [{ role: "reader", pattern: name }]);
  const { buildId } = await sealed(admin, name, "1.0.0");
  await service.registry.db.buildLine.create({ data: { buildId, seq: 1_000, at: new Date(), text: "a line" } });
  const { answered } = open(caller, "GET", `/v1/builds/${buildId}/log${query}`, headers);
  const answer = await answered;
  const ended = new Promise<number>((resolve) => {
    answer.once("close", () => resolve(performance.now()));
    answer.once("error", () => {});
  });
  answer.resume();
  expect(answer.statusCode).toBe(200);
  await sleep(2_000);
  expect(answer.complete || answer.destroyed).toBe(false);
  const start = performance.now();
  await service.admin("PATCH", `/v1/identities/${name}`, { json: { grants: [] } });
  expect((await ended) - start).toBeLessThan(withinMs);
});

it("a download ends when its reader may see it no more", async () => {
  const caller = await service.identity("downloads", [{ role: "reader", pattern: "large" }]);
  await draftOf(admin, "large", "1.0.0", { ...predictorPackage, "weights.bin": Buffer.alloc(64 * 1024 * 1024) });
  const { answered } = open(caller, "GET", "/v1/models/large/versions/1.0.0/files/weights.bin");
  const answer = await answered;
  let bytes = 0;
  const ended = new Promise<number>((resolve) => {
    answer.once("close", () => resolve(performance.now()));
    answer.once("error", () => {});
  });
  answer.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    answer.pause();
    setTimeout(() => answer.resume(), 50);
  });
  await sleep(500);
  const start = performance.now();
  await service.admin("PATCH", "/v1/identities/downloads", { json: { disabled: true } });
  expect((await ended) - start).toBeLessThan(withinMs);
  expect(bytes).toBeLessThan(64 * 1024 * 1024);
});

it("goes on while the rights do", async () => {
  const caller = await service.identity("goes-on", [{ role: "uploader", pattern: "*" }]);
  await draftOf(admin, "goes-on", "1.0.0");
  const { request, answered } = open(caller, "PUT", "/v1/models/goes-on/versions/1.0.0/files/slow.bin");
  for (let sent = 0; sent < 8; sent += 1) {
    request.write("x".repeat(1_000));
    await sleep(500);
  }
  request.end();
  expect((await answered).statusCode).toBe(201);
});
