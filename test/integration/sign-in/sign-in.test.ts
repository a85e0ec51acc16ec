import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { makeApp } from "#api/app.ts";
import { makeLogger } from "#core/logger.ts";
import { client } from "#test/oidc-provider.ts";
import { publicUrl, signingIn, textOn, tokenOn } from "#test/sign-in.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";

const { service, provider, newBrowser, signIn } = await signingIn();
const { admin, as } = service;
const person = async (name: string) => (await admin("GET", `/v1/identities/${name}`)).json;
const tokenOf = async (sub: string): Promise<string> => tokenOn(await signIn(sub));
const uploads = { role: "uploader", pattern: "fraud.*" };
const builds = { role: "builder", pattern: "fraud.*" };

it("gives whoever signs in a token with the roles of their groups, and shows it once", async () => {
  const name = "Grace Hopper";
  provider.accounts["g-1"] = { preferred_username: "Grace@Example.com", name, groups: ["everybody", "fraud-team"] };
  provider.current = "g-1";
  const browser = newBrowser();
  const path = await browser.toCallback();
  const { cookie } = browser;
  const page = await browser.get(path);
  expect([page.status, textOn(page)]).toEqual([200, expect.stringContaining("Signed in as grace@example.com")]);
  expect(page.headers).toMatchObject({
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "content-security-policy": expect.stringMatching(
      /^default-src 'none'; style-src 'sha256-[^;]*'; form-action 'self'/,
    ),
  });
  const token = tokenOn(page);
  const { json: me } = await as(token)("GET", "/v1/me");
  expect(me).toMatchObject({ name: "grace@example.com", kind: "person", title: name, grants: [uploads, builds] });
  expect(me.token).toMatchObject({ name: "browser", grants: null, createdBy: "grace@example.com" });
  const lives = Date.parse(me.token.expiresAt) - Date.now();
  expect(lives).toBeGreaterThan(11.9 * 3_600_000);
  expect(lives).toBeLessThanOrEqual(12 * 3_600_000);
  expect((await as(token)("POST", "/v1/models", { json: { name: "fraud.scores" } })).status).toBe(201);
  expect((await as(token)("POST", "/v1/models", { json: { name: "churn" } })).status).toBe(403);

  expect(browser.cookie).toBe("");
  browser.cookie = cookie;
  const again = await browser.get(path);
  expect([again.status, tokenOn(again), textOn(again)]).toEqual([400, "", expect.stringContaining("sign-in is over")]);
  expect(await person("grace@example.com")).toMatchObject({
    grants: [],
    createdBy: "grace@example.com",
    signIn: { issuer: provider.url, subject: "g-1", grants: [uploads, builds] },
  });
});

it("the token is listed, revoked and in the audit as any other; nothing secret is kept or logged", async () => {
  provider.accounts["a-1"] = { preferred_username: "ada", groups: ["fraud-team"] };
  provider.current = "a-1";
  const lines: string[] = [];
  const log = makeLogger({ level: "trace", part: "test", destination: { write: (line) => lines.push(line) } });
  const app = await makeApp({ ...service.registry, log });
  whenDone(() => app.close());
  const browser = newBrowser();
  const path = await browser.toCallback();
  const { cookie } = browser;
  const answer = await app.inject({ url: path, headers: { cookie } });
  const token = tokenOn({ ...answer, bytes: answer.rawPayload } as never);
  const call = as(token);
  const { items } = (await call("GET", "/v1/identities/ada/tokens")).json;
  expect(items).toMatchObject([{ name: "browser", revokedAt: null }]);
  const audit = (await admin("GET", "/v1/audit?actor=ada")).json.items;
  expect(audit).toMatchObject([
    {
      action: "token.signin",
      object: "ada/browser",
      after: { issuer: provider.url, subject: "a-1", groupGrants: [uploads, builds], expiresAt: items[0].expiresAt },
    },
    { action: "identity.create", object: "ada", after: { signIn: { subject: "a-1" } } },
  ]);
  const { db } = service.registry;
  const rows = [await db.signIn.findMany(), await db.token.findMany(), await db.auditEntry.findMany()];
  const kept = JSON.stringify([rows, audit], (_key, value) => (typeof value === "bigint" ? String(value) : value));
  const query = new URLSearchParams(path.split("?")[1]);
  expect(lines.join("")).toContain('"url":"/v1/sign-in/callback"');
  for (const secret of [token, query.get("code"), query.get("state"), cookie.split("=")[1], client.secret]) {
    expect(String(secret).length).toBeGreaterThan(20);
    expect(kept).not.toContain(secret);
    expect(lines.join("")).not.toContain(secret);
  }
  expect((await call("DELETE", `/v1/identities/ada/tokens/${items[0].id}`)).status).toBe(204);
  await sleep(1_000);
  expect((await call("GET", "/v1/me")).status).toBe(401);
});

it("a person is an account's issuer and sub, whatever else it is called", async () => {
  provider.accounts["j-1"] = { preferred_username: "jean", groups: ["fraud-team"] };
  await tokenOf("j-1");
  provider.accounts["j-1"] = {
    preferred_username: "jean.renamed",
    email: "j@new",
    email_verified: true,
    groups: ["fraud-team"],
  };
  expect((await as(await tokenOf("j-1"))("GET", "/v1/me")).json.name).toBe("jean");
  provider.accounts["j-2"] = { preferred_username: "jean", groups: ["ml-admins"] };
  const other = await signIn("j-2");
  expect([other.status, tokenOn(other)]).toEqual([409, ""]);
  expect(textOn(other)).toContain('there is "jean" here already, which is not tied to your account');
  expect((await person("jean")).signIn).toMatchObject({ subject: "j-1", grants: [uploads, builds] });
  for (const name of ["administrator", "publisher.churn", "anonymous"]) {
    provider.accounts["j-3"] = { preferred_username: name, groups: ["ml-admins"] };
    expect((await signIn("j-3")).status).toBeGreaterThanOrEqual(400);
  }
});

it("one who was made by hand signs in once an administrator has tied the account, and another tie ends the tokens", async () => {
  await admin("POST", "/v1/identities", {
    json: { name: "linus", kind: "person", grants: [{ role: "reader", pattern: "*" }] },
  });
  provider.accounts["l-1"] = { preferred_username: "linus", groups: ["fraud-team"] };
  expect((await signIn("l-1")).status).toBe(409);
  const tie = (subject: string | null) =>
    admin("PATCH", "/v1/identities/linus", { json: { signIn: subject === null ? null : { subject } } });
  expect((await tie("l-1")).json.signIn).toMatchObject({ issuer: provider.url, subject: "l-1", signedInAt: null });
  const call = as(await tokenOf("l-1"));
  expect((await call("GET", "/v1/me")).json.grants).toEqual([{ role: "reader", pattern: "*" }, uploads, builds]);
  const second = { json: { name: "linus.second", kind: "person", signIn: { subject: "l-1" } } };
  expect((await admin("POST", "/v1/identities", second)).json.type).toBe("/problems/account_taken");
  expect((await tie("l-2")).status).toBe(200);
  await sleep(1_000);
  expect((await call("GET", "/v1/me")).status).toBe(401);
  expect((await signIn("l-1")).status).toBe(409);
  expect((await tie(null)).json.signIn).toBeNull();
  const account = { json: { name: "runner", kind: "service", signIn: { subject: "r-1" } } };
  expect((await admin("POST", "/v1/identities", account)).status).toBe(400);
});

it("roles follow the groups at each sign-in, in every token that came of one; those by hand stay", async () => {
  provider.accounts["k-1"] = { preferred_username: "katherine", groups: ["fraud-team", "ml-admins"] };
  const first = as(await tokenOf("k-1"));
  const byHand = { json: { grants: [{ role: "reader", pattern: "churn" }] } };
  expect((await first("PATCH", "/v1/identities/katherine", byHand)).status).toBe(200);
  const own = (await first("POST", "/v1/identities/katherine/tokens", { json: { name: "notebook" } })).json;
  const given = (await admin("POST", "/v1/identities/katherine/tokens", { json: { name: "by hand" } })).json;
  expect(own.expiresAt).toBe((await first("GET", "/v1/me")).json.token.expiresAt);
  const mayOf = async (token: string) =>
    (await as(token)("GET", "/v1/me")).json.grants?.map((grant: { role: string }) => grant.role);
  expect(await mayOf(own.token)).toEqual(["reader", "uploader", "builder", "administrator"]);
  expect(await mayOf(given.token)).toEqual(["reader"]);

  provider.accounts["k-1"] = { preferred_username: "katherine", groups: ["fraud-team"] };
  expect(await mayOf(await tokenOf("k-1"))).toEqual(["reader", "uploader", "builder"]);
  await sleep(1_000);
  expect(await mayOf(own.token)).toHaveLength(3); // the older one, too
  expect((await first("GET", "/v1/identities")).status).toBe(403);
  const { items } = (await admin("GET", "/v1/audit?actor=katherine&action=identity.update")).json;
  expect(items[0]).toMatchObject({ object: "katherine", after: { signIn: { grants: [uploads, builds] } } });

  provider.accounts["k-1"] = { preferred_username: "katherine" };
  expect(await mayOf(await tokenOf("k-1"))).toEqual(["reader"]);
  await admin("PATCH", "/v1/identities/katherine", { json: { grants: [] } });
  provider.accounts["k-1"] = { preferred_username: "katherine", groups: ["fraud-team"] };
  const last = await tokenOf("k-1");
  provider.accounts["k-1"] = { preferred_username: "katherine", groups: ["everybody"] };
  const refused = await signIn("k-1");
  expect([refused.status, textOn(refused)]).toEqual([
    403,
    expect.stringContaining("none of your groups has a role here"),
  ]);
  await sleep(1_000);
  expect(await mayOf(last)).toEqual([]);
});

it("the disabled do not sign in, and keep nothing", async () => {
  provider.accounts["d-1"] = { preferred_username: "dennis", groups: ["fraud-team"] };
  const call = as(await tokenOf("d-1"));
  await admin("PATCH", "/v1/identities/dennis", { json: { disabled: true } });
  const page = await signIn("d-1");
  expect([page.status, tokenOn(page), textOn(page)]).toEqual([
    403,
    "",
    expect.stringContaining('"dennis" is disabled here'),
  ]);
  expect((await call("GET", "/v1/me")).status).toBe(401);
});

it("who has left a group while disabled has its roles no more, in no token, once enabled again", async () => {
  provider.accounts["h-1"] = { preferred_username: "hal", groups: ["fraud-team", "ml-admins"] };
  const call = as(await tokenOf("h-1"));
  const disabled = (is: boolean) => admin("PATCH", "/v1/identities/hal", { json: { disabled: is } });
  expect((await call("GET", "/v1/identities")).status).toBe(200);
  await disabled(true);
  provider.accounts["h-1"] = { preferred_username: "hal", groups: ["fraud-team"] };
  expect(textOn(await signIn("h-1"))).toContain('"hal" is disabled here');
  await disabled(false);
  await waitUntil("it has two roles", async () => (await call("GET", "/v1/me")).json.grants?.length === 2);
  expect((await call("GET", "/v1/me")).json.grants).toEqual([uploads, builds]);
  expect((await call("GET", "/v1/identities")).status).toBe(403);
});

it("who has no role is not made", async () => {
  provider.accounts["n-1"] = { preferred_username: "nobody", groups: ["Fraud-Team", "fraud-team ", "fraud-teаm"] };
  expect((await signIn("n-1")).status).toBe(403);
  provider.accounts["n-1"] = { preferred_username: "nobody" };
  const page = await signIn("n-1");
  expect([page.status, textOn(page)]).toEqual([403, expect.stringContaining("says nothing of your groups (groups)")]);
  expect((await admin("GET", "/v1/identities/nobody")).status).toBe(404);
});

it("the provider's token may say it all, a group may be one text, and a name a verified address", async () => {
  const roles = "example.com=reader:*,a%2Cb=promoter:*:stable";
  const workspace = await signingIn(
    { SLIPWAY_OIDC_GROUPS_CLAIM: "hd", SLIPWAY_OIDC_ROLES: roles, SLIPWAY_OIDC_NAME_CLAIM: "email" },
    { inToken: true },
  );
  workspace.provider.accounts["w-1"] = { email: "Ada@example.com", email_verified: true, hd: "example.com" };
  expect(textOn(await workspace.signIn("w-1"))).toContain("Signed in as ada@example.com");
  expect(workspace.provider.asked).not.toContain("/me");
  workspace.provider.accounts["w-2"] = { email: "ceo@example.com", email_verified: false, hd: ["a,b"] };
  const unverified = await workspace.signIn("w-2");
  expect([unverified.status, textOn(unverified)]).toEqual([
    403,
    expect.stringContaining("nothing that can be a name here"),
  ]);
  const named = { json: { name: "second", kind: "person", signIn: { subject: "w-2" } } };
  await workspace.service.admin("POST", "/v1/identities", named);
  const token = tokenOn(await workspace.signIn("w-2"));
  const { grants } = (await workspace.service.as(token)("GET", "/v1/me")).json;
  expect(grants).toEqual([{ role: "promoter", pattern: "*", tags: ["stable"] }]);
});

it("leads to the provider that the settings name, with PKCE, and nowhere else", async () => {
  const { headers } = await service.call("GET", "/v1/sign-in");
  const url = new URL(String(headers["location"]));
  expect(url.origin).toBe(provider.url);
  expect(Object.fromEntries(url.searchParams)).toEqual({
    client_id: client.id,
    response_type: "code",
    redirect_uri: `${publicUrl}/v1/sign-in/callback`,
    scope: "openid profile email groups",
    state: expect.stringMatching(/^.{43}$/),
    nonce: expect.stringMatching(/^.{43}$/),
    code_challenge: expect.stringMatching(/^.{43}$/),
    code_challenge_method: "S256",
  });
  expect(String(headers["set-cookie"])).toMatch(
    /^__Host-slipway-sign-in=[\w-]{43}; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  );
  expect((await service.call("GET", "/v1/sign-in?redirect_uri=https://evil.example")).status).toBe(400);
  expect((await service.call("HEAD", "/v1/sign-in")).status).toBe(405);
});
