import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { freePort } from "#standalone/free-port.ts";
import { assemblingWorker } from "#test/assembling-worker.ts";
import { composeIsThere, composeProject } from "#test/compose-project.ts";
import { type DockerEngine, dockerEngine } from "#test/docker-engine.ts";
import { expectSameAnswer } from "#test/expect-same-answer.ts";
import { pythonBaseImage } from "#test/python-base-image.ts";
import { realModel } from "#test/real-models.ts";
import { finished } from "#test/sealed.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";

const engine = dockerEngine();
const service = await testService();
const { call, registry } = service;
await assemblingWorker(registry);

const model = realModel("custom");
const at = "/v1/models/custom/versions/1.0.0";

describe.skipIf(engine === null || !composeIsThere())("a package that was given out to build by hand", () => {
  const docker = engine as DockerEngine;

  it("is built by docker build, comes up with compose, and answers as Python did", async () => {
    await draftOf(service, model.name, "1.0.0", model.files);
    const sealing = await call("POST", `${at}/seal`);
    const [base, build] = await Promise.all([
      pythonBaseImage(docker),
      finished(service, sealing.json.build.id, 180_000),
    ]);
    expect([build.status, build.error]).toEqual(["succeeded", null]);

    const folder = temporaryFolder();
    const archive = join(folder, "package.tar.gz");
    const package_ = join(folder, "package");
    mkdirSync(package_);
    writeFileSync(archive, (await call("GET", `${at}/package?as=docker`)).bytes);
    execFileSync("tar", ["-xzf", archive, "-C", package_]);

    const image = "custom:1.0.0";
    await docker.docker("build", "--build-arg", `BASE=${base}`, "--tag", image, package_);
    const port = await freePort();
    const environment = { BASE: base, PORT: String(port) };
    const project = composeProject(readFileSync(join(package_, "docker-compose.yml")), package_, environment);
    try {
      await project.compose("up", "--detach");
      const container = await project.containerOf("model");
      const health = () => docker.docker("inspect", "--format", "{{.State.Health.Status}}", container);
      await waitUntil("the model is healthy", async () => (await health()) === "healthy", { withinMs: 180_000 });
      for (const { request, predictions } of model.cases) {
        const answer = await fetch(`http://127.0.0.1:${port}/predict`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(request),
          signal: AbortSignal.timeout(60_000),
        });
        const answered = (await answer.json()) as { predictions: unknown };
        expectSameAnswer(answered.predictions, predictions);
        expect(answered).toMatchObject({ model: "custom", version: "1.0.0" });
      }
      const [{ Config, HostConfig }] = JSON.parse(await docker.docker("inspect", container));
      expect(Config).toMatchObject({ User: "65532:65532", Cmd: ["slipway-runtime", "serve"] });
      expect(HostConfig.ReadonlyRootfs).toBe(true);
      const listing = "import os; print(sorted(os.listdir('/opt/model')), sorted(os.listdir('/opt/slipway')))";
      const listed = await docker.docker("exec", container, "python3", "-c", listing);
      expect(listed).toBe(
        "['README.md', 'model', 'requirements.txt', 'src'] ['bin', 'dependencies', 'lock.txt', 'model.json', 'runtime']",
      );
    } finally {
      await project.down();
      await docker.docker("image", "rm", "--force", image);
    }
  });
});
