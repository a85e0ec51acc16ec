import { expect, it } from "vitest";
import { oidcServer } from "#test/oidc-server.ts";
import { pipelines } from "#test/pipelines.ts";
import { audience } from "#test/test-issuer.ts";

const { service, rule, exchange } = await pipelines();
const other = "https://other.example.com";
const { url: issuer, tokenFor } = await oidcServer();

it("a token of a server for OpenID Connect is exchanged, by its client, once", async () => {
  await rule("trainer", "github", { provider: "other", issuer, claims: { sub: "trainer", client_id: "trainer" } });
  const token = await tokenFor(audience);
  const given = await exchange(token);
  expect([given.status, given.json.identity], given.json.detail).toEqual([201, "publisher.trainer"]);
  expect(given.json.source).toMatchObject({ provider: "other", issuer, subject: "trainer", repository: null });
  expect((await service.as(given.json.token)("GET", "/v1/me")).json.name).toBe("publisher.trainer");
  expect((await exchange(token)).status).toBe(401);
  expect((await exchange(await tokenFor(audience))).status).toBe(201);
  expect((await exchange(await tokenFor(other))).json.detail).toContain("another audience");
});

it("of another client it is not", async () => {
  await rule("trainer", "github", { provider: "other", issuer, claims: { sub: "somebody else" } });
  const { status, json } = await exchange(await tokenFor(audience), "trainer");
  expect([status, json.detail]).toEqual([403, 'the token is not exchanged: the rule "trainer" wants another sub']);
});
