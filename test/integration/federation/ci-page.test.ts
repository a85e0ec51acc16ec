import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { pipelines } from "#test/pipelines.ts";
import { predictorPackage } from "#test/sealed.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { whenDone } from "#test/when-done.ts";

/*
 * docs/ci.md, as it stands: its rules are made and its pipelines' steps run by a shell, with curl and jq.
 */
const page = await readFile("docs/ci.md", "utf8");
const blocks = [...page.matchAll(/^```(sh|yaml)\n(.*?)^```$/gms)].map(([, language, text = ""]) => ({
  language,
  text,
}));
const { service, github, gitlab } = await pipelines();
const api = `http://127.0.0.1:${service.port}`;
const { adminToken } = service.registry.config.access;

const block = (language: string, words: string): string => {
  const found = blocks.filter((each) => each.language === language && each.text.includes(words));
  if (found.length !== 1) throw new Error(`docs/ci.md has ${found.length} blocks with ${words}`);
  return (found[0]?.text ?? "")
    .replaceAll("http://127.0.0.1:7070", api)
    .replaceAll("https://slipway.example.com/", `${api}/`)
    .replaceAll("https://token.actions.githubusercontent.com", github.url)
    .replaceAll("https://gitlab.com", gitlab.url);
};

async function shell(text: string, env: Record<string, string>, cwd = temporaryFolder()): Promise<string> {
  const whole = `set -euo pipefail\n${text}`;
  return (await promisify(execFile)("bash", ["-c", whole], { cwd, env: { ...process.env, ...env } })).stdout;
}

async function writePackage(folder: string): Promise<void> {
  await mkdir(join(folder, "model-package/src"), { recursive: true });
  for (const [path, text] of Object.entries(predictorPackage))
    await writeFile(join(folder, "model-package", path), text);
}

const beginning = block("sh", "API=http");
const asAdministrator = { SLIPWAY_TOKEN: adminToken ?? "" };
await shell(`${beginning}${block("sh", "churn-main")}`, asAdministrator);
await shell(`${beginning}${block("sh", "churn-gitlab")}`, asAdministrator);
await service.admin("POST", "/v1/models", { json: { name: "churn" } });

it("shows the exchange", async () => {
  const answer = JSON.parse(
    await shell(`${beginning}${block("sh", "jq -n")}`, { ...asAdministrator, ID_TOKEN: await github.token() }),
  );
  const { token, expiresAt, identity, grants, rule, source, ...rest } = answer;
  expect([rest, rule, identity]).toEqual([{}, "churn-main", "publisher.churn-main"]);
  for (const each of [token, expiresAt, grants, source]) expect(each).toBeTruthy();
});

it("shows a workflow of GitHub Actions that publishes a version", async () => {
  const issuing = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? "", "http://localhost");
    expect(request.headers.authorization).toBe("bearer of the run");
    void github.token({ aud: searchParams.get("audience") }).then((value) => response.end(JSON.stringify({ value })));
  });
  await new Promise<void>((resolve) => issuing.listen(0, "127.0.0.1", resolve));
  whenDone(() => issuing.close());
  const { permissions, jobs } = parse(block("yaml", "ACTIONS_ID_TOKEN_REQUEST_URL"));
  expect(permissions["id-token"]).toBe("write");
  expect(jobs.publish.environment).toBe("production");
  const folder = temporaryFolder();
  await writePackage(folder);
  // The audience is the instance's own URL, which is no place of these tests.
  const run = jobs.publish.steps[1].run.replaceAll("$SLIPWAY_URL/", `${api}/`);
  const said = await shell(
    run,
    {
      ...jobs.publish.env,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: "of the run",
      ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${(issuing.address() as AddressInfo).port}/?api-version=2.0`,
      GITHUB_RUN_ID: "8123456789",
    },
    folder,
  );
  expect(said).toContain("::add-mask::slpw_");
  const { json } = await service.admin("GET", "/v1/models/churn/versions/1.4.0");
  expect([json.createdBy, json.source.repository]).toEqual(["publisher.churn-main", "acme/churn"]);
});

it("shows a job of GitLab CI that publishes a version", async () => {
  const { publish } = parse(block("yaml", "id_tokens"));
  const folder = temporaryFolder();
  await writePackage(folder);
  const script = (publish.script as string[]).join("\n").replace("version=1.4.0", "version=1.5.0");
  const token = await gitlab.token({ aud: publish.id_tokens.ID_TOKEN.aud });
  await shell(script, { ID_TOKEN: token, CI_PIPELINE_ID: "574" }, folder);
  const { json } = await service.admin("GET", "/v1/models/churn/versions/1.5.0");
  expect([json.createdBy, json.source.repository]).toEqual(["publisher.churn-gitlab", "acme/ml/churn"]);
});
