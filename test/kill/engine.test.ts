import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { runLabel } from "#core/images/engine/labels.ts";
import { openEngine } from "#core/images/engine/open-engine.ts";
import { removeAbandonedRuns } from "#core/images/engine/remove-leftovers.ts";
import { smallEngine } from "#test/plain-network.ts";
import { shellImage } from "#test/shell-image.ts";
import { waitUntil } from "#test/wait-until.ts";
import { ciClient } from "./ci-client.ts";
import { killableInstance } from "./instance.ts";
import { openJournal } from "./journal.ts";
import { ownEngine, whyNoEngineToKill } from "./own-engine.ts";
import { seededRandom } from "./random.ts";
import { killSettings } from "./settings.ts";
import { verifyInstance } from "./verify-instance.ts";
import { warmInstance } from "./warm-instance.ts";

const { seed } = killSettings(process.env);
const whyNot = whyNoEngineToKill();
if (whyNot !== null) console.warn(`skipped: ${whyNot}`);

describe.skipIf(whyNot !== null)(`a build that an engine runs (seed ${seed})`, async () => {
  const engine = await ownEngine();
  const shell = shellImage();
  const random = seededRandom(seed);
  const instance = await killableInstance({
    warm: await warmInstance(),
    apis: 1,
    workers: 1,
    settings: { SLIPWAY_RETRY_SECONDS: "3600", SLIPWAY_LEASE_SECONDS: "600" },
  });
  const journal = openJournal();
  const client = ciClient({ ports: instance.apis.map(({ port }) => port), journal, random, onSending: () => {} });
  const {
    workers: [worker],
    scratchDir,
    db,
  } = instance;

  /** Its image takes some seconds: time to strike. */
  const release = (model: string) =>
    client.release({
      model,
      version: "1.0.0",
      way: "archive",
      files: {
        "slipway.yaml": Buffer.from("build: dockerfile\nserve: {port: 8000, health: /health}\n"),
        Dockerfile: Buffer.from(`FROM ${shell}\nCOPY . /opt/model\nRUN sleep 12\nUSER 1000\nCMD ["/bin/sh"]\n`),
        "weights.bin": random.bytes(1_000),
      },
    });
  const shown = async (model: string) => {
    const { json: version } = await client.get(`/v1/models/${model}/versions/1.0.0`);
    return { version, build: (await client.get(`/v1/builds/${version.build.id}`)).json };
  };
  const stepRuns = () =>
    waitUntil("a step runs", async () => found("ps", "--filter", "status=running").length > 0, { withinMs: 60_000 });

  it("is made again where its worker is killed in the middle of a step, and leaves nothing behind", async () => {
    await release("worker");
    await stepRuns();
    await worker?.process.kill();
    // The engine ends what nobody waits for.
    await waitUntil("no step runs", async () => found("ps", "--filter", "status=running").length === 0);
    await instance.endLeases();
    await worker?.process.start();
    expect(await client.ended("worker", "1.0.0")).toBe("ready");
    expect((await shown("worker")).build).toMatchObject({ attempt: 2, builder: { name: "engine" }, error: null });
    await expectNothingLeft();
  });

  it("waits and says for what where the engine is killed, and is made when it is back", async () => {
    await release("engine");
    await stepRuns();
    await engine.kill();
    const waiting = await waitUntil("it waits", async () => (await shown("engine")).build.waiting, {
      withinMs: 60_000,
    });
    expect(waiting.for).toMatch(
      /^the Docker Engine at \S+ broke off in the middle of the build|^no Docker Engine answers/,
    );
    expect(Date.parse(waiting.until)).toBeGreaterThan(Date.now());
    expect((await shown("engine")).version.status).toBe("building");
    await engine.start();
    expect(await client.ended("engine", "1.0.0")).toBe("ready");
    await expectNothingLeft();
  });

  it("fails with that reason when its time is over, and stands in nobody's way", async () => {
    await engine.kill();
    await release("patience");
    const first = await waitUntil("it waits", async () => (await shown("patience")).build.waiting, {
      withinMs: 60_000,
    });
    expect(first.for).toMatch(/^no Docker Engine answers at unix:\/\/\/var\/run\/docker\.sock/);
    await db.build.updateMany({ where: { status: "waiting" }, data: { waitingUntil: new Date() } });
    expect(await client.ended("patience", "1.0.0")).toBe("failed");
    const { build } = await shown("patience");
    expect(build.error.message).toContain(first.for);
    await engine.start();
    await verifyInstance(instance, journal);
  });

  /** Whatever of builds is in the engine: containers, or images of their steps. */
  function found(...command: string[]): string[] {
    const args = [...command, "--all", "--filter", `label=${runLabel}`, "--quiet"];
    return execFileSync("docker", args, { encoding: "utf8" })
      .split("\n")
      .filter((line) => line !== "");
  }

  /** What a killed run left is removed when its time is over. */
  async function expectNothingLeft(): Promise<void> {
    await removeAbandonedRuns(openEngine(smallEngine), Date.now() + 24 * 3_600_000);
    await expect.poll(() => [...found("ps"), ...found("images")]).toEqual([]);
    await waitUntil("scratch is empty", async () => readdirSync(scratchDir).length === 0, { withinMs: 60_000 });
  }
});
