import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { freePort } from "#standalone/free-port.ts";
import { assemblingWorker } from "#test/assembling-worker.ts";
import { type ComposeProject, composeIsThere, composeProject } from "#test/compose-project.ts";
import { type DockerEngine, dockerEngine } from "#test/docker-engine.ts";
import { expectSameAnswer } from "#test/expect-same-answer.ts";
import { type ModelCase, realModel } from "#test/real-models.ts";
import { finished, tagged } from "#test/sealed.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";

const engine = dockerEngine();
const service = await testService();
const { call, registry } = service;
await assemblingWorker(registry);

const model = realModel("custom");
const at = "/v1/models/custom/versions/1.0.0";

describe.skipIf(engine === null || !composeIsThere())("a real compose takes the file of", () => {
  const docker = engine as DockerEngine;
  const made: string[] = [];

  afterAll(async () => {
    for (const image of made.reverse()) await docker.docker("image", "rm", "--force", image);
  });

  const health = async (project: ComposeProject) =>
    docker.docker("inspect", "--format", "{{.State.Health.Status}}", await project.containerOf("model"));

  async function nothingLeft({ name }: ComposeProject): Promise<void> {
    const label = `label=com.docker.compose.project=${name}`;
    expect(await docker.docker("ps", "--all", "--quiet", "--filter", label)).toBe("");
    expect(await docker.docker("network", "ls", "--quiet", "--filter", label)).toBe("");
  }

  it("a REST service: it becomes healthy within its limits, and answers as Python did", async () => {
    const image = await imageOfModel();
    made.push(image.reference);
    const port = await freePort();
    const file = (await call("GET", `${at}/deployment/compose?port=${port}&secret=api.login`)).bytes;
    const folder = temporaryFolder();
    mkdirSync(join(folder, "secrets"));
    writeFileSync(join(folder, "secrets/api.login"), "planted", { mode: 0o644 });
    const project = composeProject(file, folder);
    await project.compose("up", "--detach", "--quiet-pull");
    await waitUntil("the model is healthy", async () => (await health(project)) === "healthy", { withinMs: 180_000 });
    for (const { request, predictions } of model.cases) {
      const answer = await fetch(`http://127.0.0.1:${port}/predict`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(request),
        signal: AbortSignal.timeout(60_000),
      });
      expectSameAnswer(((await answer.json()) as { predictions: unknown }).predictions, predictions);
    }
    const container = await project.containerOf("model");
    const [{ Config, HostConfig }] = JSON.parse(await docker.docker("inspect", container));
    expect(Config).toMatchObject({ User: "65532:65532", Image: image.reference });
    expect(Config.Env).toContain(`SLIPWAY_IMAGE_DIGEST=${image.digest}`);
    expect(HostConfig).toMatchObject({
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges:true"],
      NanoCpus: 1_000_000_000,
      RestartPolicy: { Name: "unless-stopped" },
    });
    expect(HostConfig.Memory).toBeGreaterThanOrEqual(1024 ** 3);
    const secret = "print(open('/run/secrets/api.login').read())";
    expect(await docker.docker("exec", container, "/usr/bin/python3", "-c", secret)).toBe("planted");
    await project.down();
    await nothingLeft(project);
  });

  it("a sidecar: the application starts when the model is ready, and finds it", async () => {
    const image = await imageOfModel();
    const folder = temporaryFolder();
    const program = `
import os, time, urllib.request
request = urllib.request.Request(os.environ["MODEL_URL"] + "/predict", ${JSON.stringify(JSON.stringify(model.cases[0]?.request))}.encode(), {"content-type": "application/json"})
print(urllib.request.urlopen(request, timeout=60).read().decode(), flush=True)
time.sleep(600)`;
    writeFileSync(
      join(folder, "Dockerfile"),
      `FROM ${image.reference}\nCMD ${JSON.stringify(["/usr/bin/python3", "-c", program])}\nHEALTHCHECK NONE\n`,
    );
    const app = `slipway-test-app:${Date.now()}`;
    await docker.docker("build", "--quiet", "--tag", app, folder);
    made.push(app);
    const file = await call("GET", `${at}/deployment/sidecar?app=${app}`);
    const project = composeProject(file.bytes);
    await project.compose("up", "--detach");
    const said = await waitUntil(
      "the application was answered",
      async () => {
        const log = await docker.docker("logs", await project.containerOf("app"));
        return log === "" ? null : log;
      },
      { withinMs: 120_000 },
    );
    expectSameAnswer(JSON.parse(said).predictions, model.cases[0]?.predictions);
    await project.down();
    await nothingLeft(project);
  });

  it("a batch: it runs over a file once, with no network, and ends", async () => {
    await imageOfModel();
    const file = await call("GET", `${at}/deployment/batch?as=compose&input=rows.jsonl&output=scores.jsonl`);
    const project = composeProject(file.bytes);
    const data = join(project.folder, "data");
    mkdirSync(data);
    chmodSync(data, 0o777);
    const { request, predictions } = model.cases[1] as ModelCase;
    const rows = (request as { instances: unknown[] }).instances;
    writeFileSync(join(data, "rows.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    await project.compose("up", "--exit-code-from", "batch");
    const lines = readFileSync(join(data, "scores.jsonl"), "utf8").trim().split("\n");
    expectSameAnswer(
      lines.map((line) => JSON.parse(line).prediction),
      predictions,
    );
    await project.down();
    await nothingLeft(project);
  });
});

async function imageOfModel(): Promise<{ reference: string; digest: string }> {
  const known = await call("GET", at);
  if (known.status === 200) return known.json.image;
  await draftOf(service, model.name, "1.0.0", model.files);
  const sealing = await call("POST", `${at}/seal`);
  expect([sealing.status, sealing.json.errors]).toEqual([202, undefined]);
  const build = await finished(service, sealing.json.build.id, 180_000);
  expect([build.status, build.error]).toEqual(["succeeded", null]);
  await tagged(service, model.name);
  return build.image;
}
