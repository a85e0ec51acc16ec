import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { pythonOfTests } from "#standalone/setup/python-tests.mjs";
import { ciPage, shell } from "#test/ci-page.ts";
import { githubHost } from "#test/github-host.ts";
import { evaluate, type Job, type JobEnded, type OtherAction, runJob } from "#test/github-runner.ts";
import { packedCommand } from "#test/packed-command.ts";
import { pipelineService } from "#test/pipeline-service.ts";
import { pushedImage } from "#test/pushed-image.ts";
import { predictorPackage } from "#test/sealed.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";

/*
 * The workflows of docs/ci.md and action.yml, as they stand: every step that they run is run by bash, against a service, with
 * tokens of an issuer that others have written.
 */
const { service, url, adminToken } = await pipelineService();
const host = await githubHost();
const command = await packedCommand();
const image = await pushedImage();
const block = ciPage({
  "http://127.0.0.1:7070": url,
  "https://slipway.example.com": url,
  "https://token.actions.githubusercontent.com": host.issuer,
  // It is told of no port before it listens: the rules name the address, which SLIPWAY_PUBLIC_URL does elsewhere.
  '"tokenSeconds": 3600': `"tokenSeconds": 3600, "audience": "${url}"`,
  "registry.example.com/ci/churn": image.repository,
});
const beginning = block("sh", "API=http");
await shell(`${beginning}${block("sh", "rule churn-staging")}`, { SLIPWAY_TOKEN: adminToken });

const modelPackage: Record<string, string> = {
  ...predictorPackage,
  "tests/test_predictor.py":
    "import sys\nsys.path.insert(0, 'model-package')\nfrom src.predictor import Predictor\n\ndef test_it():\n    assert Predictor(None).predict([1]) == [1]\n",
};

/** actions/checkout of a repository with this package. */
const checkout =
  (more: Record<string, string> = {}): OtherAction =>
  async (_given, workspace) => {
    for (const [path, text] of Object.entries({ ...modelPackage, ...more })) {
      await mkdir(join(workspace, "model-package", path, ".."), { recursive: true });
      await writeFile(join(workspace, "model-package", path), text);
    }
    return {};
  };

interface Asked {
  claims?: Record<string, unknown>;
  needs?: Record<string, { outputs: Record<string, string> }>;
  files?: Record<string, string>;
  given?: Record<string, string>;
  without?: string;
}

function run(job: Job, { claims = {}, needs = {}, files, given = {}, without }: Asked): Promise<JobEnded> {
  const { github, env } = host.run(claims);
  const { [without ?? ""]: _, ...left } = env;
  const steps = job.steps.map((step) =>
    step.uses === "acme/slipway@v1" ? { ...step, with: { package: command, ...step.with, ...given } } : step,
  );
  return runJob(
    { ...job, steps },
    {
      contexts: { github, needs },
      env: { ...left, PATH: `${dirname(pythonOfTests)}:${process.env["PATH"]}`, HOME: temporaryFolder() },
      actions: {
        "actions/checkout": checkout(files),
        "actions/setup-python": async () => ({}),
        "docker/setup-buildx-action": async () => ({}),
        "docker/build-push-action": async () => ({ digest: image.digest }),
      },
      own: { name: "acme/slipway", file: "action.yml" },
    },
  );
}

const { jobs } = parse(block("yaml", "name: build")) as {
  jobs: Record<"test" | "staging" | "production", Job & { if?: string; environment?: string }>;
};
const staging = (asked: Asked = {}) =>
  run(jobs.staging, { ...asked, claims: { environment: "staging", ...asked.claims } });
const production = (version: string) =>
  run(jobs.production, { claims: { environment: "production" }, needs: { staging: { outputs: { version } } } });
const read = async (path: string) => (await service.admin("GET", `/v1/models/churn/${path}`)).json;

describe("the workflow of the page", () => {
  it("tests every push and pull request, and goes on with pushes alone", async () => {
    const steps = jobs.test.steps.filter((step) => step.run !== "pip install pytest"); // is there
    expect(await run({ ...jobs.test, steps }, {})).toMatchObject({ failed: null });
    const broken = await run({ ...jobs.test, steps }, { files: { "src/predictor.py": "oh no" } });
    expect(broken.failed).toMatchObject({ code: 2 });
    for (const [event_name, goesOn] of [
      ["push", true],
      ["pull_request", false],
    ] as const)
      expect(evaluate(jobs.staging.if ?? "", { github: { event_name } }).truthy).toBe(goesOn);
    expect([jobs.staging.environment, jobs.production.environment]).toEqual(["staging", "production"]);
  });

  it("pushes, waits for image and proof, moves staging, then prod, tells what came of it, and shows its token to nobody", async () => {
    const first = await staging();
    expect(first, first.log).toMatchObject({ failed: null, outputs: { version: "1.0.0" } });
    const version = await read("versions/1.0.0");
    expect(version).toMatchObject({
      status: "ready",
      proof: { status: "not_run" },
      tags: expect.arrayContaining(["staging"]),
    });
    expect(version.source).toMatchObject({ repository: "acme/churn", environment: "staging", runId: "8123456789" });
    for (const words of [
      "# churn:1.0.0 is ready",
      `\`${version.image.reference}\``,
      `\`${version.image.digest}\``,
      /\| size \| \d+ B in 2 files; image 1\.\d KiB \(linux\/amd64\) \|/,
      /\| proof \| not run, no Docker Engine answers/,
      "| from | acme/churn 5f2b8c1d9e0a",
      "`prod` is not set",
      "# `churn:staging` is at 1.0.0",
    ])
      expect(first.summary).toMatch(words);
    expect(first.masks).toEqual([expect.stringMatching(/^slpw_\w{38}$/)]);
    expect(first.log + first.summary).not.toContain("slpw_");
    const released = await production("1.0.0");
    expect(released, released.log).toMatchObject({ failed: null });
    expect(await read("tags/prod")).toMatchObject({
      version: "1.0.0",
      movedBy: "publisher.churn-production",
      reason: "https://github.com/acme/churn/actions/runs/8123456789",
    });

    const second = await staging({ files: { "src/config.json": "{}" } });
    expect(second.outputs).toEqual({ version: "1.0.1" });
    expect(second.summary).toContain("Compared with `prod`:\n\n# churn 1.0.0 → 1.0.1");
    expect(second.summary).toContain("| src/config.json |");
  });

  it("ends well where a policy has the move wait, and says for what", async () => {
    await service.admin("PUT", "/v1/policies/churn/prod", { json: { approvals: { count: 1 } } });
    const waiting = await production("1.0.1");
    expect(waiting, waiting.log).toMatchObject({ failed: null, action: { moved: "false" } });
    expect(waiting.summary).toMatch(
      /# churn:1\.0\.1 to `prod` is waiting[\s\S]*\| approvals \| waiting \| 0 of 1 approvals/,
    );
    const lead = await service.identity("lead", [{ role: "approver", pattern: "churn" }]);
    const approval = { json: { decision: "approved" } };
    const path = `/v1/promotions/${waiting.action["promotion"]}/approvals`;
    expect((await lead.call("POST", path, approval)).json.status).toMatch(/applying|done/);
    await expect.poll(async () => (await read("tags/prod")).version).toBe("1.0.1");
  });
});

describe("a step that fails says why, in its log and in the summary, and ends the job", () => {
  it("where a policy refuses the move", async () => {
    const conditions = [{ expression: 'candidate.proof.status == "passed"' }];
    await service.admin("PUT", "/v1/policies/churn/prod", { json: { conditions } });
    const { failed, log, summary } = await production("1.0.0");
    expect(failed).toEqual({ step: "Promote", code: 4 });
    for (const said of [log, summary]) expect(said).toMatch(/proof/);
    expect(summary).toContain("# churn:1.0.0 was not promoted to prod");
    expect((await read("tags/prod")).version).toBe("1.0.1");
  });

  it("where the image cannot be built", async () => {
    const { failed, log, summary } = await staging({ given: { metadata: '{"unresolvable": true}' } });
    expect(failed).toEqual({ step: "Push", code: 1 });
    expect(log).toContain("there is no such <wheel>");
    expect(summary).toMatch(
      /# The push of churn failed\n\nchurn:1\.0\.\d+ could not be built: there is no such &lt;wheel/,
    );
  });

  it.each([
    ["a pull request's", { event_name: "pull_request" }, 4, /the rule "churn-staging" wants another event_name/],
    ["another environment's", { environment: "playground" }, 4, /the rule "churn-staging" wants another environment/],
    ["a repository that was made anew", { repository_id: "99" }, 4, /wants another repository_id/],
  ])("where the token is %s", async (_whose, claims, code, words) => {
    const { failed, log, masks } = await staging({ claims });
    expect([failed, masks]).toEqual([{ step: "Log in with the token of this run", code }, []]);
    expect(log).toMatch(words);
  });

  it("where the run has no token: a fork's, or a job that asks for none", async () => {
    const { failed, log } = await staging({ without: "ACTIONS_ID_TOKEN_REQUEST_TOKEN" });
    expect(failed).toMatchObject({ code: 4 });
    expect(log).toContain("`permissions: id-token: write`, and a pull request from a fork gets none");
  });
});

it("logs in for the steps that follow, where it is given an address alone, and asks again where GitHub has no answer", async () => {
  host.away = 1;
  const { steps } = parse(`steps:\n${block("yaml", "slipway diff")}`) as Job;
  const { failed, log } = await run({ steps }, { claims: { environment: "staging" } });
  expect([failed, log]).toEqual([null, expect.stringContaining("1.0.1")]);
});

it("registers an image that the workflow has built and pushed itself", async () => {
  const rule = block("sh", "rule churn-staging")
    .replaceAll("churn-staging", "churn-images")
    .replace("refs/heads/main", "refs/tags/*");
  await shell(`${beginning}${rule}`, { SLIPWAY_TOKEN: adminToken });
  const { staging: job } = (parse(block("yaml", "name: image")) as { jobs: Record<string, Job> }).jobs;
  const ended = await run(job as Job, { claims: { environment: "staging", ref: "refs/tags/2.0.0" } });
  expect(ended.failed, ended.log).toBeNull();
  const version = await read("versions/2.0.0");
  expect(version).toMatchObject({
    status: "ready",
    image: { origin: "external", digest: image.digest },
    tags: expect.arrayContaining(["staging"]),
  });
  const { json: build } = await service.admin("GET", `/v1/builds/${version.build.id}`);
  expect(build.external).toEqual({
    image: `${image.repository}@${image.digest}`,
    serve: { port: 9000, health: "/healthz" },
    source: {
      repository: "https://github.com/acme/churn",
      commit: "5f2b8c1d9e0a47b6c3d2e1f00a9b8c7d6e5f4a3b",
      run: "https://github.com/acme/churn/actions/runs/8123456789",
    },
  });
  expect(ended.summary).toContain(`\`${image.repository}@${image.digest}\``);
  const again = await run(job as Job, { claims: { environment: "staging", ref: "refs/tags/2.0.0" } });
  expect(again.failed, again.log).toBeNull();
});
