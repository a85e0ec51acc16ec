import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { newToken } from "#core/access/token.ts";
import { guardedService } from "#test/access.ts";
import { waitUntil } from "#test/wait-until.ts";

const service = await guardedService();
const { admin, as, identity, call } = service;

it("knows its owner, and what it may", async () => {
  const ada = await identity("ada", [{ role: "uploader", pattern: "fraud.*" }], { name: "laptop" });
  const { status, json } = await ada.call("GET", "/v1/me");
  expect(status).toBe(200);
  expect(json).toMatchObject({
    name: "ada",
    kind: "service",
    grants: [{ role: "uploader", pattern: "fraud.*" }],
    token: { id: ada.tokenId, name: "laptop", grants: null, networks: [], expiresAt: null, revokedAt: null },
  });
  expect(JSON.stringify(json)).not.toContain(ada.token);
  const made = await ada.call("POST", "/v1/models", { json: { name: "fraud.scores" } });
  expect([made.status, made.json.createdBy]).toEqual([201, "ada"]);
});

describe("nothing is answered but that a token is wanted", () => {
  const wrong = async (authorization?: string) =>
    call("GET", "/v1/models", authorization === undefined ? {} : { headers: { authorization } });

  it("where there is none", async () => {
    const answer = await wrong();
    expect([answer.status, answer.json.type]).toEqual([401, "/problems/unauthenticated"]);
    expect(answer.headers["www-authenticate"]).toBe('Bearer realm="Slipway"');
  });

  it("where it is cut, mistyped, lengthened, another's, or in another form", async () => {
    const { token } = await identity("of-wrong-forms", [{ role: "reader", pattern: "*" }]);
    const swapped = token.endsWith("a") ? `${token.slice(0, -1)}b` : `${token.slice(0, -1)}a`;
    for (const header of [
      `Bearer ${token.slice(0, -1)}`,
      `Bearer ${token}x`,
      `Bearer ${swapped}`,
      `Bearer ${token} ${token}`,
      `Bearer ghp_${token.slice(5)}`,
      `Basic ${Buffer.from(`x:${token}`).toString("base64")}`,
      `Bearer ${Buffer.from(token).toString("base64")}`,
      token,
      "Bearer",
      "Bearer undefined",
      "",
    ])
      expect([header, (await wrong(header)).status]).toEqual([header, 401]);
    expect((await wrong(`Bearer ${token}`)).status).toBe(200);
    expect((await wrong(`bearer   ${token} `)).status).toBe(200);
  });

  it("where its form is right and nobody has it", async () => {
    expect((await wrong(`Bearer ${newToken("token")}`)).status).toBe(401);
    expect((await wrong(`Bearer ${newToken("setup")}`)).status).toBe(401);
  });

  it("on a path that leads nowhere, and for a method that is not taken", async () => {
    expect((await call("GET", "/v1/nothing")).status).toBe(401);
    expect((await call("DELETE", "/v1/models")).status).toBe(401);
    expect((await admin("GET", "/v1/nothing")).status).toBe(404);
    expect((await admin("DELETE", "/v1/models")).status).toBe(405);
  });

  it("when it has expired", async () => {
    const end = Date.now() + 10_000; // long enough to make it
    const expiresAt = new Date(end).toISOString();
    const brief = await identity("brief", [{ role: "reader", pattern: "*" }], { expiresAt });
    await waitUntil("it is over", async () => {
      const { status } = await brief.call("GET", "/v1/models");
      if (Date.now() < end) expect(status).toBe(200);
      return status === 401;
    });
    expect(Date.now()).toBeGreaterThanOrEqual(end);
  });

  it("from a network that is not its own", async () => {
    const there = await identity("there", [{ role: "reader", pattern: "*" }], { networks: ["10.1.0.0/16"] });
    const here = await identity("here", [{ role: "reader", pattern: "*" }], { networks: ["127.0.0.0/8", "::1"] });
    expect((await there.call("GET", "/v1/models")).status).toBe(401);
    expect((await here.call("GET", "/v1/models")).status).toBe(200);
  });
});

it("is revoked within a second, for good, and by its id", async () => {
  const gone = await identity("gone", [{ role: "reader", pattern: "*" }]);
  expect((await gone.call("GET", "/v1/models")).status).toBe(200);
  expect((await admin("DELETE", `/v1/identities/ada/tokens/${gone.tokenId}`)).status).toBe(404);
  expect((await admin("DELETE", `/v1/identities/gone/tokens/${gone.tokenId}`)).status).toBe(204);
  expect((await admin("DELETE", `/v1/identities/gone/tokens/${gone.tokenId}`)).status).toBe(204);
  await sleep(1_000);
  expect((await gone.call("GET", "/v1/models")).status).toBe(401);
  const { json } = await admin("GET", "/v1/identities/gone/tokens");
  expect(json.items).toMatchObject([{ id: gone.tokenId, revokedAt: expect.stringMatching(/Z$/) }]);
});

it("is no good while its owner is disabled, and may what its owner may now", async () => {
  const moved = await identity("moved", [{ role: "reader", pattern: "*" }]);
  const statusIs = async (status: number, path = "/v1/models") => {
    await sleep(1_000);
    expect((await moved.call("GET", path)).status).toBe(status);
  };
  await statusIs(200);
  await admin("PATCH", "/v1/identities/moved", { json: { disabled: true } });
  await statusIs(401);
  await admin("PATCH", "/v1/identities/moved", { json: { disabled: false } });
  await statusIs(200);
  await statusIs(200, "/v1/models/fraud.scores");
  await admin("PATCH", "/v1/identities/moved", { json: { grants: [{ role: "reader", pattern: "iris" }] } });
  await statusIs(404, "/v1/models/fraud.scores");
});

it("is on record by its hash alone, with its last use", async () => {
  const used = await identity("used", [{ role: "reader", pattern: "*" }]);
  await used.call("GET", "/v1/models");
  const row = await waitUntil("its use is noted", async () => {
    const found = await service.registry.db.token.findUniqueOrThrow({ where: { id: used.tokenId } });
    return found.lastUsedAt === null ? null : found;
  });
  expect(row.hash).toMatch(/^[0-9a-f]{64}$/);
  expect(JSON.stringify(row, (_key, value) => (typeof value === "bigint" ? Number(value) : value))).not.toContain(
    used.token,
  );
});

describe("one's own", () => {
  it("may be made, listed and revoked; others' may not", async () => {
    const self = await identity("self", [{ role: "uploader", pattern: "a.*" }]);
    const made = await self.call("POST", "/v1/identities/self/tokens", { json: { name: "second" } });
    expect(made.status).toBe(201);
    expect((await as(made.json.token)("GET", "/v1/me")).json.grants).toEqual([{ role: "uploader", pattern: "a.*" }]);
    expect((await self.call("GET", "/v1/identities/self/tokens")).json.items).toHaveLength(2);
    expect((await self.call("DELETE", `/v1/identities/self/tokens/${made.json.id}`)).status).toBe(204);
    for (const [method, path] of [
      ["GET", "/v1/identities/ada/tokens"],
      ["POST", "/v1/identities/ada/tokens"],
      ["GET", "/v1/identities/nobody/tokens"],
      ["GET", "/v1/identities/self"],
      ["GET", "/v1/identities"],
      ["PATCH", "/v1/identities/self"],
    ] as const) {
      const body = method === "POST" ? { name: "x" } : { grants: [{ role: "administrator", pattern: "*" }] };
      const answer = await self.call(method, path, method === "GET" ? {} : { json: body });
      expect([method, path, answer.status]).toEqual([method, path, 403]);
      expect(answer.json.detail).toContain("lacks the right to administer on everything");
    }
  });

  it("narrowed by rights or network makes none, and one that ends makes none that outlives it", async () => {
    const grants = [{ role: "administrator" as const, pattern: "a.*" }];
    const narrow = await identity("narrow", grants, { grants: [{ role: "reader", pattern: "a.b" }] });
    const bound = await identity("bound", grants, { networks: ["127.0.0.1"] });
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    const ending = await identity("ending", grants, { expiresAt });
    for (const { name, call } of [narrow, bound]) {
      const answer = await call("POST", `/v1/identities/${name}/tokens`, { json: { name: "wider" } });
      expect([answer.status, answer.json.type]).toEqual([403, "/problems/forbidden"]);
      expect(await service.registry.db.token.count({ where: { identity: { name } } })).toBe(1);
    }
    const later = new Date(Date.now() + 3_600_000).toISOString();
    const make = (json: object) => ending.call("POST", "/v1/identities/ending/tokens", { json });
    expect((await make({ name: "later", expiresAt: later })).status).toBe(403);
    expect((await make({ name: "as long" })).json.expiresAt).toBe(expiresAt);
  });
});

it("narrowed sees and revokes itself alone: one that leaked does not lock its owner out", async () => {
  const owner = await identity("leaky", [{ role: "uploader", pattern: "*" }]);
  const leaked = await owner.call("POST", "/v1/identities/leaky/tokens", {
    json: { name: "leaked", grants: [{ role: "reader", pattern: "one" }] },
  });
  const call = as(leaked.json.token);
  const { json } = await call("GET", "/v1/identities/leaky/tokens");
  expect(json.items.map(({ id }: { id: string }) => id)).toEqual([leaked.json.id]);
  const revoked = await call("DELETE", `/v1/identities/leaky/tokens/${owner.tokenId}`);
  expect([revoked.status, revoked.json.type]).toEqual([403, "/problems/forbidden"]);
  expect((await owner.call("GET", "/v1/me")).status).toBe(200);
  expect((await call("DELETE", `/v1/identities/leaky/tokens/${leaked.json.id}`)).status).toBe(204);
});

it("of an administrator, narrowed, makes none for anybody", async () => {
  const narrowed = await identity("bound-administrator", [{ role: "administrator", pattern: "*" }], {
    networks: ["127.0.0.1"],
  });
  for (const name of ["bound-administrator", "ada"])
    expect((await narrowed.call("POST", `/v1/identities/${name}/tokens`, { json: { name: "wider" } })).status).toBe(
      403,
    );
  expect((await narrowed.call("GET", "/v1/identities/ada/tokens")).status).toBe(200);
});

it.each([
  ["ends before it begins", { expiresAt: "2020-01-01T00:00:00Z" }, 400],
  ["ends in a year of five digits", { expiresAt: "9999-12-31T23:59:59-23:59" }, 400],
  ["has a network that is none", { networks: ["10.0.0.0/33"] }, 422],
  ["has a network of one machine's zone", { networks: ["fe80::1%eth0"] }, 422],
  ["names tags for another than a promoter", { grants: [{ role: "reader", pattern: "*", tags: ["prod"] }] }, 400],
])("that %s is not made", async (_how, wrong, status) => {
  const tokens = () => service.registry.db.token.count();
  const before = await tokens();
  expect((await admin("POST", "/v1/identities/ada/tokens", { json: { name: "x", ...wrong } })).status).toBe(status);
  expect(await tokens()).toBe(before);
  expect((await admin("GET", "/v1/identities/ada/tokens")).status).toBe(200);
});

it("narrowed may what both it and its owner may", async () => {
  const grants = [
    { role: "uploader" as const, pattern: "n.*" },
    { role: "promoter" as const, pattern: "n.*" },
  ];
  const narrow = await identity("narrowed", grants, {
    grants: [
      { role: "uploader", pattern: "n.one" },
      { role: "administrator", pattern: "other" },
    ],
  });
  await admin("POST", "/v1/models", { json: { name: "n.two" } });
  expect((await narrow.call("POST", "/v1/models", { json: { name: "n.one" } })).status).toBe(201);
  expect((await narrow.call("POST", "/v1/models", { json: { name: "n.three" } })).status).toBe(403);
  expect((await narrow.call("POST", "/v1/models", { json: { name: "other" } })).status).toBe(403);
  expect((await narrow.call("GET", "/v1/models/n.two")).status).toBe(404);
  expect((await narrow.call("PUT", "/v1/models/n.one/tags/prod", { json: { version: "1.0.0" } })).status).toBe(403);
  expect((await narrow.call("GET", "/v1/models")).json.items.map(({ name }: { name: string }) => name)).toEqual([
    "n.one",
  ]);
});

it("is shown once: the same request again gets everything but the token", async () => {
  await identity("once", []);
  const headers = { "idempotency-key": "make me one" };
  const make = () => admin("POST", "/v1/identities/once/tokens", { json: { name: "ci" }, headers });
  const [first, again] = [await make(), await make()];
  expect([first.status, again.status]).toEqual([201, 201]);
  expect(first.json.token).toMatch(/^slpw_/);
  expect(again.json).toEqual({ ...first.json, token: null });
  expect(await service.registry.db.token.count({ where: { identity: { name: "once" } } })).toBe(2);
  const kept = await service.registry.db.idempotencyKey.findFirstOrThrow({ where: { key: "make me one" } });
  expect(JSON.stringify(kept)).not.toContain(first.json.token);
});
