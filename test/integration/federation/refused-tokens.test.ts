import { createHmac } from "node:crypto";
import { type CryptoKey, exportSPKI, importJWK } from "jose";
import { describe, expect, it } from "vitest";
import { pipelines, ruleClaims } from "#test/pipelines.ts";
import { audience, testIssuer } from "#test/test-issuer.ts";
import { waitUntil } from "#test/wait-until.ts";

/*
 * What is shown at the exchange and gets nothing; after each no token was given.
 */
const { service, github, gitlab, rule, exchange } = await pipelines();
const { db } = service.registry;
await rule("churn-main", "github");
await rule("churn-gitlab", "gitlab");

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const now = () => Math.floor(Date.now() / 1_000);

async function expectRefused(token: string, status: 401 | 403, why: string): Promise<void> {
  const given = await db.token.count();
  const answer = await exchange(token);
  expect([answer.status, answer.json.detail]).toEqual([status, expect.stringContaining(why)]);
  expect(answer.json.type).toBe(status === 401 ? "/problems/id_token_refused" : "/problems/publisher_refused");
  if (status === 401) expect(answer.headers["www-authenticate"]).toBe('Bearer realm="Slipway"');
  expect(await db.token.count()).toBe(given);
}

/** The claims of a good token under another header and signature. */
async function resigned(header: object, sign: (text: string) => string): Promise<string> {
  const [, payload] = (await github.token()).split(".");
  const text = `${base64url(header)}.${payload}`;
  return `${text}.${sign(text)}`;
}

it("a refusal is in the audit with what did not match, and nothing of the token", async () => {
  const token = await github.token({ repository_id: "4444", sub: "repo:acme/churn:of the audit" });
  await expectRefused(token, 403, "repository_id");
  const row = await waitUntil("the refusal is in the audit", async () => {
    const { json } = await service.admin("GET", "/v1/audit?action=access.refuse");
    return json.items.find(({ after }: { after: { why: string } }) => after.why?.includes("of the audit"));
  });
  expect(row).toMatchObject({ actor: "anonymous", object: "POST /v1/token-exchange" });
  expect(row.after).toMatchObject({ operation: "exchangeToken", right: "exchange" });
  expect(row.after.why).toContain('the rule "churn-main" wants another repository_id');
  const all = JSON.stringify(await db.auditEntry.findMany({ omit: { ordinal: true, sequence: true } }));
  for (const part of token.split(".").slice(1)) expect(all).not.toContain(part);
});

describe("a signature that is none", () => {
  const { kid } = github.key().jwk;

  it.each(["none", "None", "NONE"])("of alg %s", async (alg) => {
    await expectRefused(await resigned({ alg, kid }, () => ""), 401, "algorithm");
    await expectRefused(await resigned({ alg, kid }, () => "AAAA"), 401, "algorithm");
  });

  it("by HMAC, with the issuer's public key as the secret that all know", async () => {
    const { jwk } = github.key();
    const pem = await exportSPKI((await importJWK(jwk, "RS256")) as CryptoKey);
    for (const secret of [pem, pem.trim(), JSON.stringify(jwk), jwk.n ?? ""]) {
      const sign = (text: string) => createHmac("sha256", secret).update(text).digest("base64url");
      await expectRefused(await resigned({ alg: "HS256", kid }, sign), 401, "algorithm");
    }
  });

  it("by another's key under the name of the issuer's, or one that it brings itself", async () => {
    const stranger = await testIssuer(() => ({}));
    const claims = JSON.parse(Buffer.from((await github.token()).split(".")[1] ?? "", "base64url").toString());
    await expectRefused(await stranger.token(claims, { kid }), 401, "signature");
    await expectRefused(await stranger.token(claims, { kid, jwk: stranger.key().jwk }), 401, "signature");
    await expectRefused(await stranger.token(claims, { kid, jku: `${stranger.url}/keys` }), 401, "signature");
    expect(stranger.asked).toEqual({ discovery: 0, keys: 0 });
  });

  it("over other claims, or of an extension that is not understood", async () => {
    const [header, payload, signature] = (await github.token()).split(".");
    const claims = JSON.parse(Buffer.from(payload ?? "", "base64url").toString());
    await expectRefused(
      `${header}.${base64url({ ...claims, ref: "refs/heads/main " })}.${signature}`,
      401,
      "signature",
    );
    await expectRefused(await github.token({}, { crit: ["exp"], exp: 1 }).catch(() => "a.b.c"), 401, "not exchanged");
  });

  it.each([
    ["a path", "../../../../dev/null"],
    ["a URL", "http://127.0.0.1:1/keys"],
    ["SQL", "' OR 1=1 --"],
    ["a name of JavaScript's own", "__proto__"],
    ["unknown", "another"],
  ])("whose kid is %s", async (_what, other) => {
    await expectRefused(await github.token({}, { kid: other }), 401, "no key of the name (kid)");
  });

  it("whose kid is missing, empty, no text, or of another issuer's key", async () => {
    for (const other of [undefined, "", 7, [kid]])
      await expectRefused(await github.token({}, { kid: other as string }), 401, "names no key (kid)");
    await exchange(await gitlab.token());
    await expectRefused(await github.token({}, { kid: gitlab.key().jwk.kid }), 401, "no key of the name (kid)");
  });

  it("of a form that two readers read in two ways", async () => {
    const token = await github.token();
    const [header = "", payload = "", signature = ""] = token.split(".");
    const twice = Buffer.from(`{"iss":"${github.url}","iss":"https://other.example.com"}`).toString("base64url");
    await expectRefused(`${header}.${twice}.${signature}`, 401, 'the key "iss" stands twice');
    const proto = Buffer.from(`{"__proto__":{"iss":"${github.url}"}}`).toString("base64url");
    await expectRefused(`${header}.${proto}.${signature}`, 401, "__proto__");
    for (const odd of [
      `${header}=.${payload}.${signature}`,
      `${header}.${payload} .${signature}`,
      `${header}..${signature}`,
    ])
      await expectRefused(odd, 401, "no base64url");
    for (const odd of ["", ".", "..", token.slice(1), `${token}.${signature}`, "slpw_1"].filter(Boolean))
      expect((await exchange(odd)).status, odd.slice(0, 20)).toBe(401);
    expect((await exchange("a".repeat(20_000))).status).toBe(400);
  });
});

describe("who it is from, and for", () => {
  it("another issuer, by a slash, a letter or a path: none of them is asked for keys", async () => {
    const stranger = await testIssuer(() => ({}));
    const others = [
      stranger.url,
      `${github.url}/`,
      github.url.toUpperCase(),
      `${github.url}/a`,
      `${github.url}#`,
      "\u0000",
      `${github.url}\ud800`,
      7,
      null,
    ];
    const before = { ...github.asked };
    for (const iss of [...others, [github.url], { url: github.url }, undefined])
      await expectRefused(await github.token({ iss }), 401, "no rule names its issuer (iss)");
    expect([stranger.asked, github.asked]).toEqual([{ discovery: 0, keys: 0 }, before]);
  });

  it.each([
    ["another's", "https://other.example.com"],
    ["ours with two slashes", `${audience}//`],
    ["ours with a path", `${audience}/v1`],
    ["ours in capitals", audience.toUpperCase()],
    ["a list of ours and another's", [audience, "https://other.example.com"]],
    ["ours twice", [audience, audience]],
    ["an empty list", []],
    ["a list in a list", [[audience]]],
    ["none", undefined],
    ["an object", { 0: audience }],
  ])("an audience that is %s", async (_what, aud) => {
    await expectRefused(await github.token({ aud }), 401, "aud");
  });
});

describe("a time", () => {
  it.each([
    ["that is over", { exp: now() - 120, iat: now() - 600, nbf: now() - 600 }, "expired (exp)"],
    ["that has not come", { nbf: now() + 300 }, "not valid yet (nbf)"],
    ["of making in the future", { iat: now() + 300 }, "in the future (iat)"],
    [
      "of making long ago, though it ends in a year",
      { iat: now() - 4_000, exp: now() + 31_536_000 },
      "older than an hour",
    ],
    ["that is no number", { exp: "tomorrow" }, "exp"],
    ["without an end", { exp: undefined }, "no exp"],
    ["without a beginning", { iat: undefined }, "iat"],
  ])("%s", async (_what, claims, why) => {
    await expectRefused(await github.token(claims), 401, why);
  });

  it("may differ by a minute", async () => {
    expect((await exchange(await github.token({ exp: now() - 30, iat: now() - 300 }))).status).toBe(201);
    expect((await exchange(await github.token({ nbf: now() + 30, iat: now() + 30 }))).status).toBe(201);
  });
});

describe("one that comes again", () => {
  it("is exchanged once, and of twenty at once one", async () => {
    const token = await github.token();
    expect((await exchange(token)).status).toBe(201);
    await expectRefused(token, 401, "it was exchanged before (jti)");
    const jti = "the same in all";
    const tokens = await Promise.all(Array.from({ length: 20 }, () => github.token({ jti })));
    const answers = await Promise.all(tokens.map((each) => exchange(each)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(19).fill(401)]);
    expect((await exchange(await gitlab.token({ jti }))).status).toBe(201);
  });

  it.each([undefined, "", 7, ["a"], "j".repeat(256)])("has an id: not %j", async (jti) => {
    await expectRefused(await github.token({ jti }), 401, "jti");
  });

  it("whose rule did not match was not exchanged", async () => {
    const jti = "first for a branch, then for main";
    await expectRefused(await github.token({ jti, ref: "refs/heads/x" }), 403, "ref");
    expect((await exchange(await github.token({ jti }))).status).toBe(201);
  });
});

describe("claims that only look like those of the rule", () => {
  it.each([
    ["in other case", { repository: "Acme/churn" }],
    ["with a letter of another alphabet", { repository: "acme/сhurn" }],
    ["in another Unicode form", { environment: "production\u0301".normalize("NFD") }],
    ["with a character that nobody sees", { environment: "production\u200b" }],
    ["with a space or NUL after it", { ref: "refs/heads/main\u0000" }],
    ["as a list", { repository: ["acme/churn"] }],
    ["as a number", { repository_id: 704512981 }],
    ["as an object", { environment: { toString: "production" } }],
    ["missing", { environment: undefined }],
    ["as null", { environment: null }],
    ["longer", { ref: "refs/heads/main2" }],
    ["of a tag of the branch's name", { ref: "refs/tags/main" }],
  ])("%s", async (_how, claims) => {
    await expectRefused(await github.token(claims), 403, Object.keys(claims)[0] ?? "");
  });

  it("a repository that was made anew under the same name, or renamed to it, has another id", async () => {
    await expectRefused(
      await github.token({ repository_id: "999" }),
      403,
      'the rule "churn-main" wants another repository_id',
    );
    await expectRefused(await gitlab.token({ project_id: "999" }), 403, "project_id");
  });

  it("of another repository nobody hears which rules there are, unless it names one", async () => {
    const of = () => github.token({ repository: "eve/churn", repository_id: "666" });
    const { json } = await exchange(await of());
    expect(json.detail).toBe("the token is not exchanged: no rule is for what it says of itself");
    expect((await exchange(await of(), "churn-main")).json.detail).toContain("repository, repository_id");
  });
});

describe("code that anybody may propose", () => {
  it.each([
    ["a pull request", { event_name: "pull_request", ref: "refs/pull/7/merge" }],
    ["a pull request whose ref is the branch's", { event_name: "pull_request" }],
    ["one that runs with the target's rights", { event_name: "pull_request_target" }],
    ["a review of one", { event_name: "pull_request_review" }],
    ["a run that one has started", { event_name: "workflow_run" }],
    ["a queue of them", { event_name: "merge_group", ref: "refs/heads/gh-readonly-queue/main/pr-7-5f2b8c1" }],
    ...[
      "issue_comment",
      "issues",
      "discussion",
      "discussion_comment",
      "fork",
      "watch",
      "gollum",
      "check_run",
      "new",
    ].map((event_name): [string, object] => [`what anybody may cause (${event_name})`, { event_name }]),
    ["a start that is not said", { event_name: undefined }],
    ["a start that is no text", { event_name: ["push"] }],
  ])("%s is let in by no rule of its branch", async (_what, claims) => {
    await rule("any-ref", "github", { claims: { repository: "acme/churn", repository_id: "704512981" } });
    await expectRefused(await github.token({ ...claims, environment: "none" }), 403, "event_name");
    await service.admin("DELETE", "/v1/trusted-publishers/any-ref");
  });

  it("a ref that is no branch or tag is let in by no event", async () => {
    await rule("any-ref", "github", { claims: { repository: "acme/churn", repository_id: "704512981" } });
    for (const claims of [{ ref: "refs/pull/7/head" }, { ref: "", event_name: "deployment" }])
      await expectRefused(
        await github.token({ ...claims, environment: "none" }),
        403,
        'the rule "any-ref" wants another ref',
      );
    await service.admin("DELETE", "/v1/trusted-publishers/any-ref");
  });

  it("what somebody with write access causes is let in, as the issuer's own provider or another", async () => {
    const claims = { repository: "acme/churn", repository_id: "704512981", environment: "x" };
    await rule("on-purpose", "github", { claims });
    for (const event_name of ["push", "workflow_dispatch", "schedule", "release", "create", "deployment"])
      expect((await exchange(await github.token({ event_name, environment: "x" }))).status).toBe(201);
    await rule("on-purpose", "github", { claims, provider: "other" });
    expect((await exchange(await github.token({ environment: "x" }))).status).toBe(201);
    await expectRefused(await github.token({ event_name: "issues", environment: "x" }), 403, "event_name");
    await service.admin("DELETE", "/v1/trusted-publishers/on-purpose");
  });

  it("an event that runs the repository's own workflow may be named", async () => {
    await rule("after", "github", { claims: { ...ruleClaims.github, repository_id: "1", event_name: "workflow_run" } });
    const of = (event_name: string) => github.token({ repository_id: "1", event_name });
    expect((await exchange(await of("workflow_run"))).json.identity).toBe("publisher.after");
    await expectRefused(await of("pull_request_target"), 403, "event_name");
  });

  it("a merge request of GitLab, and the pipeline of a fork", async () => {
    await expectRefused(await gitlab.token({ pipeline_source: "merge_request_event" }), 403, "pipeline_source");
    await expectRefused(await gitlab.token({ pipeline_source: undefined }), 403, "pipeline_source");
    await expectRefused(await gitlab.token({ project_id: "21", project_path: "eve/churn" }), 403, "no rule");
    for (const ref_path of ["refs/merge-requests/5/head", "main", undefined])
      await expectRefused(await gitlab.token({ ref_path }), 403, "ref_path");
    for (const pipeline_source of ["parent_pipeline", "chat", "security_orchestration_policy"])
      await expectRefused(await gitlab.token({ pipeline_source }), 403, "pipeline_source");
    for (const pipeline_source of ["push", "web", "schedule", "api", "trigger", "pipeline"])
      expect((await exchange(await gitlab.token({ pipeline_source }))).status).toBe(201);
  });

  it("a child of GitLab's is let in by a rule that names it, of what is protected", async () => {
    const claims = { ...ruleClaims.gitlab, project_id: "22", pipeline_source: "parent_pipeline" };
    await rule("children", "gitlab", { claims });
    const of = (says: object) => gitlab.token({ project_id: "22", pipeline_source: "parent_pipeline", ...says });
    expect((await exchange(await of({}))).json.identity).toBe("publisher.children");
    await expectRefused(await of({ ref_protected: "false" }), 403, "ref_protected");
    await expectRefused(await of({ ref_path: "refs/merge-requests/5/head" }), 403, "ref_path");
  });
});

it("a secret among the keys that an issuer publishes is none", async () => {
  github.published = [...github.published, { kty: "oct", k: "c2VjcmV0", kid: "shared", alg: "HS256" }];
  await expectRefused(await github.token({}, { kid: "shared" }), 401, "kid");
});
