import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { actionlintPath, checkJsonschema } from "#standalone/setup/pipeline-checkers.mjs";
import { ciPage } from "#test/ci-page.ts";
import { include, jobOf } from "#test/gitlab-runner.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";

/*
 * What GitHub and GitLab would take, by actionlint and by the schemas that they are known by.
 */
const run = promisify(execFile);
const block = ciPage({});
const workflows = { build: block("yaml", "name: build"), image: block("yaml", "name: image") };
const component = await readFile("docs/ci/slipway.gitlab-ci.yml", "utf8");
const given = { url: "https://slipway.example.com", model: "churn" };

async function written(name: string, text: string): Promise<string> {
  const path = join(temporaryFolder(), name);
  await writeFile(path, text);
  return path;
}

/** As a repository that has the action in a folder of its own, so that what it is given and gives is looked at, too. */
async function lint(text: string): Promise<string> {
  const folder = temporaryFolder();
  await mkdir(join(folder, ".git"));
  await mkdir(join(folder, ".github/workflows"), { recursive: true });
  await mkdir(join(folder, "slipway"));
  await copyFile("action.yml", join(folder, "slipway/action.yml"));
  const file = join(folder, ".github/workflows/it.yml");
  await writeFile(file, text.replaceAll("acme/slipway@v1", "./slipway"));
  return run(actionlintPath, ["-shellcheck=", "-pyflakes=", "-no-color", file], { cwd: folder }).then(
    () => "",
    ({ stdout, stderr }) => `${stdout}${stderr}`,
  );
}

async function conform(schema: string, texts: string[]): Promise<string> {
  const paths = await Promise.all(texts.map((text) => written("it.yml", text)));
  return run(checkJsonschema.path, ["--builtin-schema", `vendor.${schema}`, ...paths]).then(
    () => "",
    ({ stdout, stderr }) => `${stdout}${stderr}`,
  );
}

/** With what they extend, of which the schema looks at nothing. */
function jobsForGitlab(text: string): string {
  const { jobs } = include(text, given);
  const visible = Object.keys(jobs).filter((name) => !name.startsWith("."));
  return JSON.stringify(Object.fromEntries(visible.map((name) => [name, jobOf(jobs, name)])));
}

describe.skipIf(!existsSync(actionlintPath))("actionlint", () => {
  it.each(Object.entries(workflows))("has nothing to say of the workflow %s", async (_name, text) => {
    expect(await lint(text)).toBe("");
  });

  it("would say what is wrong", async () => {
    expect(await lint(workflows.build.replace("folder:", "foldr:"))).toContain('input "foldr" is not defined');
    expect(
      await lint(workflows.build.replace("steps.slipway.outputs.version", "steps.slipway.outputs.number")),
    ).toContain("number");
    expect(await lint(workflows.build.replace("needs: staging", "needs: stagging"))).toContain("stagging");
  });
});

describe.skipIf(!existsSync(checkJsonschema.path))("the published schemas", () => {
  it("take the action, both workflows and the jobs for GitLab", async () => {
    const [header = ""] = component.split("\n---\n");
    const said = await Promise.all([
      conform("github-actions", [await readFile("action.yml", "utf8")]),
      conform("github-workflows", Object.values(workflows)),
      conform("gitlab-ci", [
        header,
        include(component, given).text,
        jobsForGitlab(component),
        block("yaml", "include:"),
      ]),
    ]);
    expect(said).toEqual(["", "", ""]);
  });

  it("would refuse others", async () => {
    expect(await conform("gitlab-ci", [jobsForGitlab(component.replace("aud:", "audience:"))])).toContain("id_tokens");
  });
});

it("the versions that are named are the one that is made here", async () => {
  const { version } = JSON.parse(await readFile("package.json", "utf8"));
  const [action, page] = await Promise.all(["action.yml", "docs/ci.md"].map((path) => readFile(path, "utf8")));
  for (const text of [action, page, component])
    expect(new Set((text ?? "").match(/slipway-cli@[\w.-]+/g))).toEqual(new Set([`slipway-cli@${version}`]));
});

it("no step holds what somebody else could write: inputs come by the environment", async () => {
  const scripts = [...(await readFile("action.yml", "utf8")).matchAll(/run: \|\n((?: {8}.*\n)+)/g)].map(
    ([, text]) => text,
  );
  expect(scripts).toHaveLength(5);
  for (const script of scripts) expect(script).not.toContain("${{");
});
