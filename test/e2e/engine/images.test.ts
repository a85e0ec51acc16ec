import { execFile } from "node:child_process";
import { describe, expect, it } from "vitest";
import { assemblingWorker } from "#test/assembling-worker.ts";
import { type DockerEngine, dockerEngine } from "#test/docker-engine.ts";
import { expectSameAnswer } from "#test/expect-same-answer.ts";
import { realModel, realModelNames } from "#test/real-models.ts";
import { finished, tagged } from "#test/sealed.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";

const engine = dockerEngine();
const service = await testService();
const { call, registry } = service;
await assemblingWorker(registry);

describe.skipIf(engine === null)("an image, pulled by its digest and run as production would", () => {
  const docker = engine as DockerEngine;

  it.each(realModelNames())("answers what %s answers in Python", async (name) => {
    const model = realModel(name);
    const reference = await imageOf(name);
    await docker.docker("pull", "--quiet", reference);
    const container = await docker.runHardened(reference, "--health-interval", "1s");
    await waitUntil(`${name} is healthy`, async () => (await container.health()) === "healthy", { withinMs: 180_000 });

    for (const { request, predictions } of model.cases) {
      const answer = await post(`${container.url}/predict`, request);
      expect(answer.status).toBe(200);
      expectSameAnswer(answer.json.predictions, predictions);
      expect(answer.json).toMatchObject({ model: name, version: "1.0.0" });
    }
    expect((await fetch(`${container.url}/ready`)).status).toBe(200);
    const wrong = await post(`${container.url}/predict`, { instances: [{ nonsense: true }] });
    expect([name, wrong.status >= 400]).toEqual([name, true]);
    await docker.docker("stop", "--time", "60", container.id);
    expect(await docker.docker("inspect", "--format", "{{.State.ExitCode}}", container.id)).toBe("0");
  });

  it("is what the version says it is", async () => {
    const { json: version } = await call("GET", "/v1/models/iris/versions/1.0.0");
    const { Config: config } = JSON.parse(await docker.docker("inspect", version.image.reference))[0];
    expect(config.User).toBe("65532:65532");
    expect(config.Labels).toMatchObject({
      "dev.slipway.content-digest": version.contentDigest,
      "org.opencontainers.image.title": "iris",
      "org.opencontainers.image.version": "1.0.0",
    });
    expect(config.Healthcheck.Test).toEqual(["CMD", "slipway-runtime", "health"]);
  });

  it("holds no shell, no package manager, and nothing setuid", async () => {
    const { json: version } = await call("GET", "/v1/models/iris/versions/1.0.0");
    const listing = `
import os, stat, sys
bad = []
for root, _, names in os.walk("/"):
    if root.startswith(("/proc", "/sys", "/dev")):
        continue
    for name in names:
        path = os.path.join(root, name)
        mode = os.lstat(path).st_mode
        if mode & (stat.S_ISUID | stat.S_ISGID):
            bad.append("setuid " + path)
        if name in {"sh", "bash", "dash", "busybox", "apt", "apt-get", "dpkg", "pip", "pip3", "gcc", "curl", "wget", "env", "su", "mount"} and root.endswith("bin"):
            bad.append("program " + path)
print("\\n".join(bad))`;
    const found = await docker.docker("run", "--rm", version.image.reference, "/usr/bin/python3", "-c", listing);
    expect(found).toBe("");
  });

  it("runs a batch from the same image", async () => {
    const reference = await imageOf("iris");
    const input = "[5.1, 3.5, 1.4, 0.2]\n";
    const command = ["slipway-runtime", "batch", "--input", "-", "--output", "-", "--format", "jsonl"];
    const output = await runWithInput(
      ["run", "--rm", "-i", "--read-only", "--network", "none", reference, ...command],
      input,
    );
    expect(JSON.parse(output.trim()).prediction).toBe(0);
  });

  it("is removed from the registry, and put back as it was", async () => {
    const reference = await imageOf("iris");
    const image = "/v1/models/iris/versions/1.0.0/image";
    expect((await call("DELETE", image)).status).toBe(202);
    const removed = await waitUntil("it is removed", async () => {
      const { json } = await call("GET", image);
      return json.status === "removing" ? null : json;
    });
    expect([removed.status, removed.freedBytes > 0]).toEqual(["removed", true]);
    await docker.docker("rmi", "--force", reference);
    // An engine may pull by its own copy of the manifest.
    const [, host, path, digest] = /^([^/]+)\/(.+)@(.+)$/.exec(reference) ?? [];
    expect((await fetch(`http://${host}/v2/${path}/manifests/${digest}`)).status).toBe(404);
    const restored = await call("POST", `${image}/restore`);
    const build = await finished(service, restored.json.id, 180_000);
    expect([build.status, build.error, build.image.reference]).toEqual(["succeeded", null, reference]);
    await tagged(service, "iris");
    await docker.docker("pull", "--quiet", reference);
    const answer = await docker.docker("run", "--rm", reference, "slipway-runtime", "--help");
    expect(answer).toContain("serve");
  });
});

async function imageOf(name: string): Promise<string> {
  const known = await call("GET", `/v1/models/${name}/versions/1.0.0`);
  if (known.status === 200) return known.json.image.reference;
  await draftOf(service, name, "1.0.0", realModel(name).files as Record<string, Buffer>);
  const sealed = await call("POST", `/v1/models/${name}/versions/1.0.0/seal`);
  expect([name, sealed.status, sealed.json.errors]).toEqual([name, 202, undefined]);
  const build = await finished(service, sealed.json.build.id, 180_000);
  expect([name, build.status, build.error]).toEqual([name, "succeeded", null]);
  await tagged(service, name);
  return build.image.reference;
}

async function post(url: string, body: unknown) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(60_000),
  });
  return { status: answer.status, json: (await answer.json()) as { predictions?: unknown } };
}

async function runWithInput(args: string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile("docker", args, { timeout: 240_000 }, (error, stdout, stderr) =>
      error ? reject(new Error(`${error.message}\n${stderr}`)) : resolve(stdout),
    );
    child.stdin?.end(input);
  });
}
