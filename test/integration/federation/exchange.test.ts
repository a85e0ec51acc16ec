import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { pipelines, ruleClaims } from "#test/pipelines.ts";
import { audience, testIssuer } from "#test/test-issuer.ts";

const { service, github, gitlab, rule, setRule, exchange } = await pipelines();
const { admin, as } = service;
await rule("churn-main", "github");
await rule("churn-gitlab", "gitlab", { tokenSeconds: 60, grants: [{ role: "reader", pattern: "churn" }] });

it("gives a pipeline of GitHub a short-lived token with the rule's grants, and puts it into the audit", async () => {
  const token = await github.token();
  const asked = Date.now();
  const { status, json } = await exchange(token);
  expect([status, json.identity, json.rule]).toEqual([201, "publisher.churn-main", "churn-main"]);
  expect(json.grants).toEqual([{ role: "uploader", pattern: "churn" }]);
  expect(Date.parse(json.expiresAt)).toBeGreaterThan(asked + 890_000);
  expect(Date.parse(json.expiresAt)).toBeLessThanOrEqual(Date.now() + 900_000);
  const me = await as(json.token)("GET", "/v1/me");
  expect(me.json).toMatchObject({ name: "publisher.churn-main", kind: "service" });
  expect((await as(json.token)("POST", "/v1/models", { json: { name: "other" } })).status).toBe(403);
  const tokens = { json: { name: "one for later" } };
  expect((await as(json.token)("POST", "/v1/identities/publisher.churn-main/tokens", tokens)).status).toBe(403);

  const { items } = (await admin("GET", "/v1/audit?action=token.exchange")).json;
  expect(items[0]).toMatchObject({
    actor: "publisher.churn-main",
    object: "publisher.churn-main/acme/churn run 8123456789",
    after: {
      repository: "acme/churn",
      ref: "refs/heads/main",
      commit: "5f2b8c1d9e0a47b6c3d2e1f00a9b8c7d6e5f4a3b",
      runId: "8123456789",
      expiresAt: json.expiresAt,
    },
  });
  const kept = JSON.stringify([items, (await admin("GET", "/v1/audit")).json]);
  for (const secret of [json.token, token, token.split(".")[1], token.split(".")[2]])
    expect(kept).not.toContain(secret);
});

it("gives one to a pipeline of GitLab, by the issuer that its token names", async () => {
  const { status, json } = await exchange(await gitlab.token({ aud: [audience] }));
  expect([status, json.identity]).toEqual([201, "publisher.churn-gitlab"]);
  expect(Date.parse(json.expiresAt) - Date.now()).toBeLessThanOrEqual(60_000);
  expect(json.source).toMatchObject({ repository: "acme/ml/churn", repositoryId: "20", runId: "574" });
});

it("is for its own address with a slash at its end as well", async () => {
  expect((await exchange(await gitlab.token({ aud: `${audience}/` }))).status).toBe(201);
});

it.each(["ES256", "EdDSA"])("takes what is signed with %s", async (alg) => {
  const issuer = await testIssuer(() => ({ sub: "a job" }));
  await issuer.rotate(alg);
  const wanted = { provider: "other", issuer: issuer.url, claims: { sub: "a job" } };
  await rule(`other-${alg.toLowerCase()}`, "github", wanted);
  expect((await exchange(await issuer.token())).status).toBe(201);
});

it("is by a pattern of refs where the rule says so, and by another audience", async () => {
  const claims = { repository: "acme/tags", repository_id: "7", ref: "refs/tags/v*" };
  await rule("tags", "github", { claims, audience: "models" });
  const of = (ref: string, aud = "models") =>
    github.token({ repository: "acme/tags", repository_id: "7", ref, aud }).then((token) => exchange(token));
  expect((await of("refs/tags/v1.2.0")).status).toBe(201);
  expect((await of("refs/tags/v")).status).toBe(403);
  expect((await of("refs/heads/refs/tags/v1")).status).toBe(403);
  expect((await of("refs/tags/v1.2.0", audience)).status).toBe(403);
});

it("of two rules that match wants to know which", async () => {
  const claims = { repository: "acme/two", repository_id: "2" };
  await rule("two-a", "github", { claims });
  await rule("two-b", "github", { claims });
  const of = () => github.token({ repository: "acme/two", repository_id: "2" });
  const both = await exchange(await of());
  expect([both.status, both.json.detail]).toEqual([
    403,
    'the rules "two-a" and "two-b" both match: say which, as rule',
  ]);
  expect((await exchange(await of(), "two-b")).json.identity).toBe("publisher.two-b");
});

it.each([
  ["deleted", () => admin("DELETE", "/v1/trusted-publishers/ending")],
  ["disabled", () => setRule("ending", "github", { disabled: true, claims: ending })],
  ["changed", () => setRule("ending", "github", { claims: { ...ending, ref: "refs/heads/main" } })],
])(
  "a rule that is %s ends the tokens that it gave, within a second, and gives no more as it was",
  async (_how, end) => {
    await rule("ending", "github", { claims: ending });
    const of = () => github.token({ repository: "acme/ending", repository_id: "3", ref: "refs/heads/x" });
    const given = await exchange(await of());
    const call = as(given.json.token);
    expect((await call("GET", "/v1/me")).status).toBe(200);
    await rule("ending", "github", { claims: ending });
    expect((await call("GET", "/v1/me")).status).toBe(200);
    await end();
    await sleep(1_000);
    expect((await call("GET", "/v1/me")).status).toBe(401);
    expect((await exchange(await of())).status).toBe(403);
    await rule("ending", "github", { claims: ending });
    expect((await call("GET", "/v1/me")).status).toBe(401);
    expect((await exchange(await of())).status).toBe(201);
  },
);
const ending = { repository: "acme/ending", repository_id: "3" };

it("each address may exchange so many a minute, whatever comes of it", async () => {
  const limited = await pipelines({ SLIPWAY_RATE_LIMIT_EXCHANGE: "2" });
  const tries = [await limited.exchange("no"), await limited.exchange("no"), await limited.exchange("no")];
  expect(tries.map(({ status }) => status)).toEqual([401, 401, 429]);
  expect((await limited.service.admin("GET", "/v1/models")).status).toBe(200);
});

it("rules are read, listed and removed", async () => {
  const { json } = await admin("GET", "/v1/trusted-publishers/churn-main");
  expect(json).toMatchObject({ name: "churn-main", provider: "github", audience: null, claims: ruleClaims.github });
  const { items } = (await admin("GET", "/v1/trusted-publishers")).json;
  expect(items.map(({ name }: { name: string }) => name)).toContain("churn-gitlab");
  await rule("brief", "github");
  expect((await admin("DELETE", "/v1/trusted-publishers/brief")).status).toBe(204);
  expect((await admin("GET", "/v1/trusted-publishers/brief")).status).toBe(404);
  expect((await admin("DELETE", "/v1/trusted-publishers/brief")).status).toBe(404);
});

it.each([
  ["names no id", { claims: { repository: "acme/churn", ref: "refs/heads/main" } }, "claims.repository_id: is wanted"],
  ["names no claims", { provider: "other", claims: {} }, "claims: name at least one"],
  ["has a * elsewhere", { claims: { ...ruleClaims.github, environment: "prod*" } }, "a * is taken at the end of ref"],
  ["takes any owner", { claims: { ...ruleClaims.github, repository: "acme/*" } }, "claims.repository"],
  ["takes any ref by a *", { claims: { ...ruleClaims.github, ref: "*" } }, "say how it begins"],
  ["takes refs of pull requests", { claims: { ...ruleClaims.github, ref: "refs/pull/*" } }, "claims.ref"],
  ["takes pull requests", { claims: { ...ruleClaims.github, event_name: "pull_request" } }, "anybody may propose"],
  ["is spelled with a letter of Greek", { claims: { ...ruleClaims.github, repository: "acme/χhurn" } }, "repository"],
  ["holds what nobody sees", { claims: { ...ruleClaims.github, environment: "prod\u200b" } }, "nobody sees"],
  ["asks for what is checked anyway", { claims: { ...ruleClaims.github, aud: "x" } }, "claims.aud"],
  [
    "calls GitHub something else",
    { provider: "other", issuer: "https://token.actions.githubusercontent.com" },
    "github's",
  ],
  ["has an issuer without TLS", { issuer: "http://issuer.example.com" }, "https://"],
  ["has an issuer with a query", { issuer: "https://issuer.example.com/?a=b" }, "no query"],
  ["spells its issuer in another way", { issuer: "https://ISSUER.example.com" }, "https://issuer.example.com/"],
])("a rule that %s is not made", async (_how, wrong, why) => {
  const { status, json } = await setRule("wrong", "github", wrong);
  expect([status, json.type]).toEqual([422, "/problems/publisher_invalid"]);
  expect(JSON.stringify(json)).toContain(why);
  expect((await admin("GET", "/v1/trusted-publishers/wrong")).status).toBe(404);
});

it("a rule of GitLab with a ref says whether it is a branch or a tag, and lets no merge request in", async () => {
  const { project_path, project_id } = ruleClaims.gitlab;
  const of = (claims: object) => setRule("wrong", "gitlab", { claims: { project_path, project_id, ...claims } });
  expect((await of({ ref: "main" })).json.detail).toContain("ref_type");
  expect((await of({ pipeline_source: "merge_request_event" })).json.detail).toContain("anybody may propose");
  expect((await of({ ref_path: "refs/merge-requests/*" })).json.detail).toContain("claims.ref_path");
});

it("the names of those who act for pipelines are given to nobody else", async () => {
  const { status, json } = await admin("POST", "/v1/identities", { json: { name: "publisher.mine", kind: "service" } });
  expect([status, json.type]).toEqual([422, "/problems/invalid_name"]);
});

it("tokens that ended long ago are forgotten, and the ids of those that were exchanged", async () => {
  const { db } = service.registry;
  const { json } = await exchange(await github.token());
  const me = (await as(json.token)("GET", "/v1/me")).json.token.id;
  const longAgo = new Date(Date.now() - 101 * 86_400_000);
  await db.token.update({ where: { id: me }, data: { expiresAt: longAgo } });
  await db.exchangedToken.updateMany({ data: { expiresAt: longAgo } });
  expect((await exchange(await github.token())).status).toBe(201);
  expect([await db.token.count({ where: { id: me } }), await db.exchangedToken.count()]).toEqual([0, 1]);
});
