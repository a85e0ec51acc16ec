import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { TestProject } from "vitest/node";
import { type Child, startChild } from "#standalone/child.ts";
import { openLedger } from "#standalone/ledger.ts";
import { makeRunFolder } from "./run-folder.ts";

/** Whether a Docker Engine answers, and if not, why. */
export type EngineState = { available: true } | { available: false; why: string };

declare module "vitest" {
  export interface ProvidedContext {
    engine: EngineState;
  }
}

/** Vitest's global setup: takes the Docker Engine that is there, or as root starts one for this run. */
export default async function provideEngine(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (engineAnswers()) {
    project.provide("engine", { available: true });
    return;
  }
  const why = whyNone();
  if (why !== null) {
    project.provide("engine", { available: false, why });
    return;
  }
  const folder = await makeRunFolder();
  const dockerd = await startDockerd(folder);
  project.provide("engine", { available: true });
  return async () => {
    await dockerd.stop(20_000);
    rmSync(folder, { recursive: true, force: true });
  };
}

function engineAnswers(): boolean {
  return spawnSync("docker", ["info"], { stdio: "ignore", timeout: 10_000 }).status === 0;
}

function whyNone(): string | null {
  if (process.platform !== "linux" || process.getuid?.() !== 0)
    return "no Docker Engine answers, and only root on Linux can start one";
  if (spawnSync("dockerd", ["--version"], { stdio: "ignore" }).status !== 0)
    return "no Docker Engine answers, and dockerd is not installed (Debian: apt-get install docker.io)";
  return null;
}

/** A containerd that an engine left behind makes the first start fail: it is tried twice. */
async function startDockerd(folder: string): Promise<Child> {
  const ledger = openLedger(join(folder, "processes.json"));
  for (let tries = 1; ; tries++) {
    const dockerd = await startChild(
      { name: "dockerd", command: "dockerd", args: [], stopSignal: "SIGTERM" },
      { ledger },
    );
    if (await answersWithin(30_000, dockerd)) return dockerd;
    await dockerd.stop(5_000);
    if (tries === 2) throw new Error(["dockerd does not come up", ...dockerd.lastLines()].join("\n    "));
  }
}

async function answersWithin(timeoutMs: number, dockerd: Child): Promise<boolean> {
  let ended = false;
  dockerd.exited.then(() => {
    ended = true;
  });
  for (const end = Date.now() + timeoutMs; Date.now() < end && !ended; await sleep(200))
    if (engineAnswers()) return true;
  return false;
}
