import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { freePort } from "#standalone/free-port.ts";
import { assemblingWorker } from "#test/assembling-worker.ts";
import { type DockerEngine, dockerEngine } from "#test/docker-engine.ts";
import { slipwayCommand } from "#test/slipway-command.ts";
import { testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";

const engine = dockerEngine();
const service = await testService();
await assemblingWorker(service.registry);
const slipway = slipwayCommand({ SLIPWAY_URL: `http://127.0.0.1:${service.port}` });

/** As docs/cli.md has it, on a port that is free here. */
const page = await readFile("docs/cli.md", "utf8");
const [, asWritten = ""] = /^slipway (run churn@prod --port) 8000$/m.exec(page) ?? [];

describe.skipIf(engine === null)("slipway run", () => {
  const { docker } = engine as DockerEngine;

  it("serves what a tag points at until Ctrl-C, and leaves no container", async () => {
    for (const args of [
      ["init", "package"],
      ["push", "churn", "package", "--wait"],
      ["promote", "churn", "1.0.0", "prod"],
    ]) {
      const { code, errors } = await slipway.run(args);
      expect(code, errors).toBe(0);
    }
    const { image } = JSON.parse((await slipway.run(["show", "churn@prod", "--json"])).out);
    whenDone(async () => void (await docker("rmi", "--force", image.reference)));
    // Other suites have containers of theirs in the engine.
    const containers = () => docker("ps", "--all", "--quiet", "--filter", `ancestor=${image.reference}`);
    const port = await freePort();
    const running = slipway.start([...asWritten.split(" "), String(port)]);
    const asked = () =>
      fetch(`http://127.0.0.1:${port}/predict`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ instances: [[0.2, 0.9]] }),
        signal: AbortSignal.timeout(10_000),
      }).then((answer) => (answer.ok ? answer.json() : null)); // it listens before the model is loaded
    const answer = await waitUntil("it answers", () => asked().catch(() => null), { withinMs: 120_000 });
    expect(answer).toMatchObject({ predictions: [1], model: "churn", version: "1.0.0" });
    expect(await containers()).not.toBe("");
    running.interrupt();
    expect((await running.ended).code).toBe(0);
    await waitUntil("its container is gone", async () => (await containers()) === "");
  });

  it("says what the engine says where the port is taken", async () => {
    const { code, errors } = await slipway.run([...asWritten.split(" "), String(service.port)]);
    expect(code).toBe(1);
    expect(errors).toContain("docker ended with");
  });
});
