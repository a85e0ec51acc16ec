import { describe, expect, it } from "vitest";
import { freePort } from "#standalone/free-port.ts";
import { assemblingWorker } from "#test/assembling-worker.ts";
import { type DockerEngine, dockerEngine } from "#test/docker-engine.ts";
import { packageFolder, slipwayCommand } from "#test/slipway-command.ts";
import { testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";

const engine = dockerEngine();
const service = await testService();
await assemblingWorker(service.registry);
const slipway = slipwayCommand({ SLIPWAY_URL: `http://127.0.0.1:${service.port}` });

describe.skipIf(engine === null)("slipway run", () => {
  const { docker } = engine as DockerEngine;

  it("serves what a tag points at until Ctrl-C, and leaves no container", async () => {
    const predictor =
      "class Predictor:\n    def __init__(self, path):\n        pass\n\n    def predict(self, instances):\n        return [sum(one) for one in instances]\n";
    const folder = await packageFolder({ "src/predictor.py": predictor });
    for (const args of [
      ["push", "adder", folder, "--wait"],
      ["promote", "adder", "1.0.0", "prod"],
    ]) {
      const { code, errors } = await slipway.run(args);
      expect(code, errors).toBe(0);
    }
    const containers = () => docker("ps", "--all", "--quiet", "--no-trunc");
    const before = await containers();
    const port = await freePort();
    const running = slipway.start(["run", "adder@prod", "--port", String(port)]);
    const asked = () =>
      fetch(`http://127.0.0.1:${port}/predict`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ instances: [[1, 2]] }),
        signal: AbortSignal.timeout(2_000),
      }).then((answer) => answer.json());
    const answer = await waitUntil("it answers", () => asked().catch(() => null), { withinMs: 120_000 });
    expect(answer).toMatchObject({ predictions: [3], model: "adder", version: "1.0.0" });
    running.interrupt();
    expect((await running.ended).code).toBe(0);
    expect(await containers()).toBe(before);
  });

  it("says what the engine says where the port is taken", async () => {
    const taken = ["run", "adder@prod", "--port", String(service.port)];
    const { code, errors } = await slipway.run(taken);
    expect(code).toBe(1);
    expect(errors).toContain("docker ended with");
  });
});
