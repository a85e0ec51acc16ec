import type { RequestListener } from "node:http";
import { SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { newBrowserSecret } from "#core/sign-in/browser-secret.ts";
import { openProvider } from "#core/sign-in/provider.ts";
import type { SignInConfig } from "#core/sign-in-config.ts";
import { guardedService } from "#test/access.ts";
import { client, oidcProvider } from "#test/oidc-provider.ts";
import { signingIn, textOn, tokenOn } from "#test/sign-in.ts";
import { newKey } from "#test/test-issuer.ts";
import type { Answer } from "#test/test-service.ts";

const { service, provider, newBrowser, signIn } = await signingIn();
const { db } = service.registry;
provider.accounts["g-1"] = { preferred_username: "grace", groups: ["fraud-team"] };
provider.current = "g-1";

async function nobodySignedIn(page: Answer, status: number, words: string): Promise<void> {
  expect([page.status, tokenOn(page), textOn(page)]).toEqual([status, "", expect.stringContaining(words)]);
  expect(await db.token.count()).toBe(0);
}

const { signIn: settings } = service.registry.config;
/** As another process would begin with it, of what is at `url`. */
const newProvider = (url: string) => openProvider(service.registry, { ...(settings as SignInConfig), issuer: url });
const discovery = "/.well-known/openid-configuration";

/** What does not answer is asked before all else. */
const silent = await oidcProvider({ redirectUri: "https://slipway.example.com" });
silent.instead[discovery] = () => {};
const waited = askSilent();

describe("what comes back to another sign-in than the browser's own", () => {
  it("is refused without its cookie, with another's, and with another state, and uses nothing up", async () => {
    const [victim, attacker] = [newBrowser(), newBrowser()];
    const [own, others] = [await victim.toCallback(), await attacker.toCallback()];
    await nobodySignedIn(await newBrowser().get(own), 400, "this browser has begun no sign-in here");
    await nobodySignedIn(await victim.get(others), 400, "is to another sign-in");
    await nobodySignedIn(await victim.get(own.replace(/state=[^&]*/, "state=x")), 400, "is to another sign-in");
    await nobodySignedIn(await victim.get(own.replace(/&?state=[^&]*/, "")), 400, "is to another sign-in");
    expect((await service.call("HEAD", own, { headers: { cookie: victim.cookie } })).status).toBe(405);
    const image = { cookie: victim.cookie, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" };
    expect((await service.call("GET", own, { headers: image })).status).toBe(403);
    await nobodySignedIn(await victim.get(`${own}&code=another`), 502, "cannot be taken");
  });

  it("is refused where it is too old", async () => {
    const browser = newBrowser();
    const path = await browser.toCallback();
    await db.signIn.updateMany({ data: { expiresAt: new Date(Date.now() - 1) } });
    await nobodySignedIn(await browser.get(path), 400, "began more than ten minutes ago");
  });

  it("is refused with a code that was shown before, or is another's", async () => {
    const [first, second, third] = [newBrowser(), newBrowser(), newBrowser()];
    const [one, two, three] = [await first.toCallback(), await second.toCallback(), await third.toCallback()];
    const withCodeOf = (path: string, other: string) => path.replace(/code=[^&]*/, /code=[^&]*/.exec(other)?.[0] ?? "");
    await nobodySignedIn(await first.get(withCodeOf(one, two)), 400, "does not take its code");
    expect((await second.get(two)).status).toBe(200);
    await db.token.deleteMany();
    await nobodySignedIn(await third.get(withCodeOf(three, two)), 400, "does not take its code");
  });

  it.each([
    ["another provider's (iss)", "&iss=https%3A%2F%2Fevil.example", ""],
    ["of no provider's (iss)", "", "iss="],
    ["of two", "&iss=https%3A%2F%2Fevil.example", "keep"],
  ])("is refused as %s, and its code is shown to none", async (_what, more, without) => {
    const browser = newBrowser();
    const path = await browser.toCallback();
    expect(path).toContain("iss=");
    provider.asked.length = 0;
    const changed = without === "keep" ? path : path.replace(/&iss=[^&]*/, "");
    await nobodySignedIn(await browser.get(`${changed}${more}`), 400, "is not the provider's that you were sent to");
    expect(provider.asked).not.toContain("/token");
  });

  it("says what the provider says, where that is a word", async () => {
    for (const [error, words, status] of [
      ["access_denied", "the provider says access_denied", 403],
      ["<script>alert(1)</script>", "the provider says no", 403],
      ["temporarily_unavailable", "try again shortly", 503],
    ] as const) {
      const browser = newBrowser();
      const path = (await browser.toCallback()).replace(/code=[^&]*/, `error=${encodeURIComponent(error)}`);
      await nobodySignedIn(await browser.get(path), status, words);
    }
  });
});

/** The answer of the token endpoint, with an ID token made of the nonce. */
async function withTokens(make: (nonce: string) => Promise<string> | string): Promise<Answer> {
  const browser = newBrowser();
  const begun = await browser.get("/v1/sign-in");
  const asked = new URL(String(begun.headers["location"])).searchParams;
  const id_token = await make(String(asked.get("nonce")));
  provider.instead["/token"] = json({ access_token: "at", token_type: "Bearer", id_token });
  provider.instead["/me"] = json({ sub: "g-1", ...provider.accounts["g-1"] });
  const iss = encodeURIComponent(provider.url);
  const page = await browser.get(`/v1/sign-in/callback?code=any&state=${asked.get("state")}&iss=${iss}`);
  provider.instead = {};
  return page;
}

const json =
  (value: unknown): RequestListener =>
  (_request, response) =>
    response.setHeader("content-type", "application/json").end(JSON.stringify(value));
const now = () => Math.floor(Date.now() / 1_000);
const b64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("an ID token is refused", () => {
  const right = () => ({ iss: provider.url, aud: client.id, sub: "g-1", iat: now(), exp: now() + 300 });
  it.each<[string, (nonce: string) => Promise<string> | string, string]>([
    ["for another client", (nonce) => provider.idToken({ sub: "g-1", nonce, aud: "another" }), "not for this sign-in"],
    [
      "for several, ours among them",
      (nonce) => provider.idToken({ sub: "g-1", nonce, aud: [client.id, "another"], azp: "another" }),
      "cannot be taken",
    ],
    [
      "of another issuer",
      (nonce) => provider.idToken({ sub: "g-1", nonce, iss: "https://evil.example" }),
      "not for this sign-in",
    ],
    ["for another sign-in", () => provider.idToken({ sub: "g-1", nonce: "another" }), "not for this sign-in"],
    ["for none", () => provider.idToken({ sub: "g-1" }), "cannot be taken"],
    ["that has expired", (nonce) => provider.idToken({ sub: "g-1", nonce, exp: now() - 120 }), "has expired"],
    ["that says nobody", (nonce) => provider.idToken({ nonce }), "cannot be taken"],
    [
      "that says a sub of other signs",
      (nonce) => provider.idToken({ ...provider.accounts["g-1"], sub: "g\u0000", nonce }),
      "its sub is no text",
    ],
    ["that is not signed", (nonce) => `${b64({ alg: "none" })}.${b64({ ...right(), nonce })}.`, "cannot be taken"],
    [
      "signed with the client's secret",
      (nonce) =>
        new SignJWT({ ...right(), nonce }).setProtectedHeader({ alg: "HS256" }).sign(Buffer.from(client.secret)),
      "cannot be taken",
    ],
    [
      "signed with another's key under the same name",
      async (nonce) =>
        new SignJWT({ ...right(), nonce })
          .setProtectedHeader({ alg: "RS256", kid: "of the provider" })
          .sign((await newKey("RS256")).privateKey),
      "signature is not by one of its keys",
    ],
    [
      "that names groups by numbers",
      (nonce) => provider.idToken({ sub: "g-1", nonce, groups: [1] }),
      "groups is no list of texts",
    ],
    [
      "with more groups than fit into it",
      (nonce) =>
        provider.idToken({ sub: "g-1", nonce, _claim_names: { groups: "src1" }, _claim_sources: { src1: {} } }),
      "more groups than fit",
    ],
    [
      "with more groups than it says",
      (nonce) => provider.idToken({ sub: "g-1", nonce, hasgroups: true }),
      "more groups than fit",
    ],
  ])("%s", async (_how, make, words) => {
    const page = await withTokens(make);
    expect([page.status === 502 || page.status === 403, textOn(page)]).toEqual([true, expect.stringContaining(words)]);
    await nobodySignedIn(page, page.status, "");
  });

  it("where the user info is another's", async () => {
    const elsewhere = async (nonce: string) => {
      const token = await provider.idToken({ sub: "g-2", nonce });
      return token;
    };
    await nobodySignedIn(await withTokens(elsewhere), 502, "about another issuer or person");
  });
});

describe("a provider that answers wrongly", () => {
  it.each<[string, string, RequestListener, number, string]>([
    [
      "with a redirect",
      "/token",
      (_request, response) => response.writeHead(302, { location: "http://169.254.169.254/" }).end(),
      502,
      "another status",
    ],
    [
      "with HTML",
      "/token",
      (_request, response) => response.setHeader("content-type", "text/html").end("<html>"),
      502,
      "no JSON",
    ],
    ["without an end", "/token", (_request, response) => endless(response), 502, "cannot be taken"],
    [
      "with a fault of its own",
      "/token",
      (_request, response) => response.writeHead(503).end(),
      503,
      "does not answer",
    ],
    ["by hanging up", "/token", (request) => request.socket.destroy(), 503, "does not answer"],
    [
      "by knowing us no more",
      "/token",
      (_request, response) =>
        response.writeHead(401, { "content-type": "application/json" }).end('{"error":"invalid_client"}'),
      502,
      "refuses Slipway with invalid_client",
    ],
    ["with no user info", "/me", (request) => request.socket.destroy(), 503, "does not answer"],
  ])("%s at %s is told so", async (_how, path, instead, status, words) => {
    const browser = newBrowser();
    const callback = await browser.toCallback();
    provider.instead[path] = instead;
    await nobodySignedIn(await browser.get(callback), status, words);
    provider.instead = {};
  });

  it("with another issuer's document, or none, sends nobody there", async () => {
    for (const [document, code] of [
      [json({ issuer: "https://evil.example", authorization_endpoint: "https://evil.example/auth" }), "issuer_failed"],
      [json({ issuer: `${provider.url}/`, authorization_endpoint: "https://evil.example/auth" }), "issuer_failed"],
      [((request) => request.socket.destroy()) as RequestListener, "issuer_unavailable"],
    ] as const) {
      provider.instead[discovery] = document;
      await expect(newProvider(provider.url).authorizationUrl(newBrowserSecret())).rejects.toMatchObject({ code });
    }
    provider.instead = {};
  });
});

it("claims with signs that nobody sees, or that look like others, make no name and no title", async () => {
  for (const name of [
    "gra\u200bce",
    "gr\u0430ce",
    "\u212aelvin",
    "grace\u202e",
    "gr ace",
    "../grace",
    "a".repeat(129),
    "Ｇｒａｃｅ",
  ]) {
    provider.accounts["u-1"] = { preferred_username: name, name, groups: ["fraud-team"] };
    await nobodySignedIn(await signIn("u-1"), 403, "nothing that can be a name here");
  }
  expect(await db.identity.count()).toBe(1);
});

it("problems are pages for browsers, and problems for others", async () => {
  const { headers, json: problem } = await service.call("GET", "/v1/sign-in/callback?code=1&state=2");
  expect([headers["content-type"], problem.type]).toEqual(["application/problem+json", "/problems/sign_in_invalid"]);
  const { items } = (await service.admin("GET", "/v1/audit?action=access.refuse")).json;
  expect(items.length).toBeGreaterThan(3);
  for (const { actor, after } of items) expect([actor, after.right]).toEqual(["anonymous", "sign in"]);
});

it("each address may begin so many a minute", async () => {
  const limited = await signingIn({ SLIPWAY_RATE_LIMIT_EXCHANGE: "2" });
  const tries = [];
  for (let each = 0; each < 3; each += 1) tries.push((await limited.service.call("GET", "/v1/sign-in")).status);
  expect(tries).toEqual([303, 303, 429]);
});

it("nobody signs in where no provider is named", async () => {
  const without = await guardedService();
  for (const path of ["/v1/sign-in", "/v1/sign-in/callback", "/v1/sign-in/terminal"]) {
    const { status, json: problem } = await without.call("GET", path);
    expect([status, problem.type]).toEqual([404, "/problems/sign_in_unset"]);
  }
  const tie = { json: { name: "grace", kind: "person", signIn: { subject: "g-1" } } };
  expect((await without.admin("POST", "/v1/identities", tie)).status).toBe(404);
});

it("a provider that does not answer is waited for five seconds, and not asked again at once", async () => {
  const { codes, ms, asked } = await waited;
  expect(codes).toEqual(["issuer_unavailable", "issuer_unavailable"]);
  expect(ms).toBeLessThan(25_000); // where nobody waits for the machine
  expect(asked).toEqual([discovery]);
});

async function askSilent() {
  const begun = performance.now();
  const silently = newProvider(silent.url);
  const ask = () => silently.authorizationUrl(newBrowserSecret()).catch(({ code }: { code: string }) => code);
  const codes = [await ask(), await ask()];
  return { codes, ms: performance.now() - begun, asked: [...silent.asked] };
}

function endless(response: Parameters<RequestListener>[1]): void {
  response.setHeader("content-type", "application/json");
  const more = (): void => {
    if (!response.destroyed) response.write(" ".repeat(65_536), () => setImmediate(more));
  };
  response.on("error", () => {});
  more();
}
