import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { waitUntil } from "#test/wait-until.ts";
import { ciClient } from "./ci-client.ts";
import { killableInstance } from "./instance.ts";
import { openJournal } from "./journal.ts";
import type { RunningProcess } from "./orphans.ts";
import { packageWithNewRuntime, smallPackage } from "./packages.ts";
import { signalIfThere } from "./process.ts";
import { seededRandom } from "./random.ts";
import { killSettings } from "./settings.ts";
import { orphansOf, verifyInstance, verifyProcesses } from "./verify-instance.ts";
import { warmInstance } from "./warm-instance.ts";

const { seed } = killSettings(process.env);

/** What kills the others when their worker is gone (core/images/run-command.ts). */
function isLifeline({ command }: RunningProcess): boolean {
  return command.includes("read -r _ <&3");
}

describe(`a build whose worker is killed each time (seed ${seed})`, async () => {
  const random = seededRandom(seed);
  const instance = await killableInstance({
    warm: await warmInstance(),
    apis: 1,
    workers: 1,
    // Long: a machine that stands still for a while takes no work from a worker, and counts as no loss.
    settings: { SLIPWAY_LEASE_SECONDS: "600", SLIPWAY_LOST_WORKERS_LIMIT: "6" },
  });
  const journal = openJournal();
  const client = ciClient({ ports: instance.apis.map(({ port }) => port), journal, random, onSending: () => {} });
  const { db, workers } = instance;
  const [worker] = workers;
  if (worker === undefined) throw new Error("an instance has a worker");

  async function buildOf(model: string) {
    const { json } = await client.get(`/v1/models/${model}/versions/1.0.0`);
    return db.work.findFirstOrThrow({ where: { subjectId: json.build.id } });
  }

  async function killInAttempt(model: string, attempt: number): Promise<void> {
    await waitUntil(`attempt ${attempt}`, async () => {
      const work = await buildOf(model);
      return work.state === "running" && work.attempt >= attempt;
    });
    await sleep(random.below(1_500));
    await worker?.process.kill();
    // What it ran is killed, too, and does not merely end in its own time: so as it is now it cannot.
    for (const orphan of orphansOf(instance)) if (!isLifeline(orphan)) signalIfThere(orphan.pid, "SIGSTOP");
    await verifyProcesses(instance);
    await instance.endLeases();
    await worker?.process.start();
  }

  it("is ready after five of them", async () => {
    await client.release({ model: "lucky", version: "1.0.0", files: packageWithNewRuntime(random), way: "files" });
    for (let attempt = 1; attempt <= 5; attempt += 1) await killInAttempt("lucky", attempt);
    expect(await client.ended("lucky", "1.0.0")).toBe("ready");
    const { attempt, lostLeases, state } = await buildOf("lucky");
    expect([attempt, state]).toEqual([lostLeases + 1, "done"]);
    expect(lostLeases).toBeGreaterThanOrEqual(5);
    await verifyProcesses(instance);
  });

  it("fails at the limit, says so, and stands in nobody's way", async () => {
    await client.release({ model: "deadly", version: "1.0.0", files: packageWithNewRuntime(random), way: "archive" });
    for (let attempt = 1; attempt <= 6; attempt += 1) await killInAttempt("deadly", attempt);
    expect(await client.ended("deadly", "1.0.0")).toBe("failed");
    const build = await client.get(`/v1/builds/${(await buildOf("deadly")).subjectId}`);
    expect(build.json.error).toEqual({
      code: "worker_lost",
      message: "worker lost: 6 workers were killed or stopped answering while they made this image",
    });
    await client.release({ model: "after", version: "1.0.0", files: smallPackage(random), way: "files" });
    expect(await client.ended("after", "1.0.0")).toBe("ready");
    await verifyInstance(instance, journal);
  });

  it("leaves nothing on disk for longer than a minute", async () => {
    await waitUntil("scratch is empty", async () => readdirSync(instance.scratchDir).length === 0, {
      withinMs: 60_000,
    });
    expect(readdirSync(join(instance.artifactsDir, "parts")).length).toBeLessThanOrEqual(11);
  });
});
