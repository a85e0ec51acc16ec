import { expect, it } from "vitest";
import { newSetupCode } from "#core/access/setup.ts";
import { hashOf, newToken } from "#core/access/token.ts";
import { testService } from "#test/test-service.ts";

const guarded = () => testService({ SLIPWAY_ACCESS: "on" });
const bearer = (token: string | null) => ({ authorization: `Bearer ${token}` });

it("a code makes the first administrator, once, and can do nothing else", async () => {
  const { call, registry } = await guarded();
  const [code, otherProcess] = await Promise.all([newSetupCode(registry), newSetupCode(registry)]);
  const headers = bearer(code);
  expect((await call("POST", "/v1/models", { headers, json: { name: "early" } })).status).toBe(403);
  expect((await call("GET", "/v1/models", { headers })).json.items).toEqual([]);
  expect((await call("GET", "/v1/identities", { headers })).status).toBe(403);
  expect((await call("POST", "/v1/identities", { headers, json: { name: "x", kind: "person" } })).status).toBe(403);
  expect((await call("POST", "/v1/setup", { json: { name: "ada" } })).status).toBe(401);
  expect((await call("POST", "/v1/setup", { headers: bearer(newToken("setup")), json: { name: "ada" } })).status).toBe(
    401,
  );

  const answers = await Promise.all(
    [code, otherProcess, code, otherProcess].map((one, index) =>
      call("POST", "/v1/setup", { headers: bearer(one), json: { name: `ada-${index}` } }),
    ),
  );
  const made = answers.filter(({ status }) => status === 201);
  expect(made).toHaveLength(1);
  for (const { status } of answers) expect([201, 401, 403]).toContain(status);
  expect(await registry.db.identity.count()).toBe(1);
  expect(await registry.db.setupCode.count()).toBe(0);
  const [administrator] = made;
  const ada = bearer(administrator?.json.token);
  expect((await call("GET", "/v1/me", { headers: ada })).json).toMatchObject({
    kind: "person",
    grants: [{ role: "administrator", pattern: "*" }],
  });
  expect((await call("POST", "/v1/models", { headers: ada, json: { name: "churn" } })).status).toBe(201);
  for (const one of [code, otherProcess])
    expect((await call("POST", "/v1/setup", { headers: bearer(one), json: { name: "eve" } })).status).toBe(401);
  expect(await newSetupCode(registry)).toBeNull();
});

it("a code that is a day old is none any more", async () => {
  const { call, registry } = await guarded();
  const code = await newSetupCode(registry);
  await registry.db.setupCode.update({
    where: { hash: hashOf(String(code)) },
    data: { createdAt: new Date(Date.now() - 25 * 3_600_000) },
  });
  expect((await call("POST", "/v1/setup", { headers: bearer(code), json: { name: "ada" } })).status).toBe(401);
  await newSetupCode(registry);
  expect(await registry.db.setupCode.count()).toBe(1);
});

it("no code works beside an administrator of the settings", async () => {
  const { call, registry } = await testService({ SLIPWAY_ACCESS: "on", SLIPWAY_ADMIN_TOKEN: "a".repeat(32) });
  const code = await newSetupCode(registry);
  expect((await call("POST", "/v1/setup", { headers: bearer(code), json: { name: "ada" } })).status).toBe(401);
  const admin = await call("GET", "/v1/me", { headers: bearer("a".repeat(32)) });
  expect(admin.json).toEqual({
    name: "administrator",
    kind: null,
    title: "",
    grants: [{ role: "administrator", pattern: "*" }],
    token: null,
  });
});
