import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair } from "jose";
import Provider from "oidc-provider";
import { expect, it } from "vitest";
import { pipelines } from "#test/pipelines.ts";
import { audience } from "#test/test-issuer.ts";
import { whenDone } from "#test/when-done.ts";

/*
 * An issuer that others have written: tokens by client credentials (RFC 6749 §4.4), as JWTs for a resource (RFC 9068).
 */
const { service, rule, exchange } = await pipelines();
const other = "https://other.example.com";
const client = { client_id: "trainer", client_secret: "a secret of the tests" };

async function oidcServer(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const provider = new Provider(url, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: "RS256", use: "sig", kid: "of the server" }] },
    clients: [{ ...client, grant_types: ["client_credentials"], redirect_uris: [], response_types: [] }],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: async (_context, resource) => ({
          scope: "",
          audience: resource,
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
  });
  server.on("request", provider.callback());
  whenDone(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return url;
}

const issuer = await oidcServer();

async function tokenFor(resource: string): Promise<string> {
  const body = new URLSearchParams({ ...client, grant_type: "client_credentials", resource });
  const answer = await fetch(`${issuer}/token`, { method: "POST", body, signal: AbortSignal.timeout(5_000) });
  const { access_token: token } = (await answer.json()) as { access_token?: string };
  if (token === undefined) throw new Error(`the server answered ${answer.status}`);
  return token;
}

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
