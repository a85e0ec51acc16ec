import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ciPage, shell } from "#test/ci-page.ts";
import { include, jobOf, runScript } from "#test/gitlab-runner.ts";
import { oidcServer } from "#test/oidc-server.ts";
import { packedCommand } from "#test/packed-command.ts";
import { pipelineService } from "#test/pipeline-service.ts";
import { predictorPackage } from "#test/sealed.ts";
import { packageFolder } from "#test/slipway-command.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { gitlabClaims } from "#test/test-issuer.ts";

/*
 * docs/ci/slipway.gitlab-ci.yml and the shell blocks of docs/ci.md, as they stand, against a service, with tokens of an issuer
 * that others have written.
 */
const { service, url, adminToken } = await pipelineService();
const { sub: _, ...usual } = gitlabClaims();
let claims: Record<string, unknown> = usual;
const { url: issuer, tokenFor } = await oidcServer(() => claims);
const command = await packedCommand();
const block = ciPage({
  "http://127.0.0.1:7070": url,
  "https://slipway.example.com": url,
  "https://gitlab.com": issuer,
  // It is told of no port before it listens: the rules name the address, which SLIPWAY_PUBLIC_URL does elsewhere.
  '"tokenSeconds": 3600': `"tokenSeconds": 3600, "audience": "${url}"`,
  "slipway-cli@0.1.0": command,
});
const beginning = block("sh", "API=http");
beforeAll(() => shell(`${beginning}${block("sh", "rule churn-gitlab-staging")}`, { SLIPWAY_TOKEN: adminToken }));

const page = parse(block("yaml", "include:"));
const [{ local, inputs }] = page.include;
const { jobs } = include(await readFile(`docs/${local}`, "utf8"), { ...inputs, package: command });
const read = async (path: string) => (await service.admin("GET", `/v1/models/churn/${path}`)).json;

async function runJob(
  name: string,
  within: { cwd: string; env?: Record<string, string>; says?: object; audience?: string },
) {
  const job = jobOf(jobs, name);
  claims = { ...usual, environment: job.environment, ...within.says };
  const env = {
    ...within.env,
    PATH: process.env["PATH"] ?? "",
    HOME: temporaryFolder(),
    CI_PIPELINE_URL: "https://gitlab.example.com/acme/ml/churn/-/pipelines/574",
    SLIPWAY_ID_TOKEN: await tokenFor(within.audience ?? job.id_tokens?.["SLIPWAY_ID_TOKEN"]?.aud ?? ""),
  };
  const ended = await runScript(job, { shell: "sh", cwd: within.cwd, env });
  expect(ended.log).not.toContain("slpw_");
  return ended;
}

async function project(files: Record<string, string> = {}): Promise<string> {
  const cwd = temporaryFolder();
  await shell(`cp -R "${await packageFolder({ ...predictorPackage, ...files })}" "${cwd}/model-package"`, {});
  return cwd;
}

describe("the jobs for GitLab", () => {
  it("push, prove and promote to staging, then to prod", async () => {
    const cwd = await project();
    const pushed = await runJob("slipway-staging", { cwd });
    expect(pushed.code, pushed.log).toBe(0);
    const outputs = await readFile(`${cwd}/slipway.env`, "utf8"); // what a dotenv report gives the next job
    const env = Object.fromEntries(
      outputs
        .trimEnd()
        .split("\n")
        .map((line) => line.split(/=(.*)/s).slice(0, 2)),
    );
    const version = await read(`versions/${env["SLIPWAY_VERSION"]}`);
    expect(version).toMatchObject({ status: "ready", tags: expect.arrayContaining(["staging"]) });
    expect(version.source).toMatchObject({ repository: "acme/ml/churn", environment: "staging" });
    expect(env).toEqual({
      SLIPWAY_VERSION: version.version,
      SLIPWAY_STATUS: "ready",
      SLIPWAY_IMAGE: version.image.reference,
      SLIPWAY_DIGEST: version.image.digest,
      SLIPWAY_PROOF: "not_run",
    });
    expect(await readFile(`${cwd}/slipway-summary.md`, "utf8")).toMatch(/is ready[\s\S]*`churn:staging` is at/);
    const released = await runJob("slipway-production", { cwd: temporaryFolder(), env });
    expect(released.code, released.log).toBe(0);
    expect(await read("tags/prod")).toMatchObject({
      version: version.version,
      movedBy: "publisher.churn-gitlab-production",
    });
  });

  it("run on the default branch alone, and prod when somebody starts it", () => {
    const onDefault = { if: "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH" };
    expect(jobOf(jobs, "slipway-staging").rules).toEqual([onDefault]);
    expect(jobOf(jobs, "slipway-production").rules).toEqual([{ ...onDefault, when: "manual" }]);
    expect(jobOf(jobs, "slipway-production").needs).toEqual(["slipway-staging"]);
  });

  it("stop at the login where a merge request's token is shown, or one that is for somebody else", async () => {
    const cwd = await project();
    const proposed = await runJob("slipway-staging", { cwd, says: { pipeline_source: "merge_request_event" } });
    expect(proposed).toMatchObject({ code: 4, log: expect.stringContaining("wants another pipeline_source") });
    const stray = await runJob("slipway-staging", { cwd, audience: "https://other.example.com" });
    expect(stray).toMatchObject({ code: 4, log: expect.stringContaining("it is for another audience (aud)") });
  });
});

describe("the recipes for any shell", () => {
  const trainer = { issuer, provider: "other", audience: url, claims: { sub: "trainer", client_id: "trainer" } };
  const grants = ["uploader", "builder", "promoter"].map((role) => ({ role, pattern: "churn" }));
  const outside = { RUN: "881", SLIPWAY_URL: url };
  beforeAll(async () => {
    claims = { repository: "acme/churn" };
    await service.admin("PUT", "/v1/trusted-publishers/trainer", { json: { ...trainer, grants } });
  });

  it("push and promote with the command", async () => {
    claims = {};
    const cwd = await project({ "src/recipe.txt": "command" });
    const npm = temporaryFolder();
    const env = { npm_config_prefix: npm, PATH: `${npm}/bin:${process.env["PATH"]}`, HOME: npm };
    const said = await shell(
      block("sh", "npm install"),
      { ...outside, ...env, SLIPWAY_ID_TOKEN: await tokenFor(url) },
      cwd,
    );
    expect(said).not.toContain("slpw_");
    const staging = await read("tags/staging");
    expect(staging).toMatchObject({ movedBy: "publisher.trainer", reason: "run 881" });
    expect(await readFile(`${cwd}/summary.md`, "utf8")).toContain(`# churn:${staging.version} is ready`);
  });

  it("push with curl and jq", async () => {
    claims = {};
    await shell(
      block("sh", 'curl -sS --fail-with-body "$SLIPWAY_URL'),
      { ...outside, SLIPWAY_ID_TOKEN: await tokenFor(url) },
      await project(),
    );
    expect(await read("versions/1.4.0")).toMatchObject({ createdBy: "publisher.trainer" });
  });

  it("show what the exchange answers", async () => {
    claims = {};
    const env = { SLIPWAY_TOKEN: adminToken, ID_TOKEN: await tokenFor(url) };
    const answer = JSON.parse(await shell(`${beginning}${block("sh", "$API/token-exchange")}`, env));
    const { token, expiresAt, identity, grants: given, rule, source, ...rest } = answer;
    expect([rest, rule, identity]).toEqual([{}, "trainer", "publisher.trainer"]);
    for (const each of [token, expiresAt, given, source]) expect(each).toBeTruthy();
  });
});
