import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { TestProject } from "vitest/node";
import { keptLabel } from "#core/images/engine/labels.ts";
import { type Child, startChild } from "#standalone/child.ts";
import { type Ledger, openLedger } from "#standalone/ledger.ts";
import { makeRunFolder } from "./run-folder.ts";

/** Whether a Docker Engine answers, and if not, why. */
export type EngineState = { available: true } | { available: false; why: string };

declare module "vitest" {
  export interface ProvidedContext {
    engine: EngineState;
  }
}

/** Vitest's global setup: an engine for this run. */
export default async function provideEngine(project: TestProject): Promise<() => Promise<void>> {
  const folder = await makeRunFolder();
  const { state, release } = await takeEngine(openLedger(join(folder, "processes.json")));
  project.provide("engine", state);
  const before = buildBases(state);
  return async () => {
    const made = buildBases(state).filter((id) => !before.includes(id));
    if (made.length > 0) spawnSync("docker", ["rmi", "--force", ...made], { stdio: "ignore", timeout: 60_000 });
    await release();
    rmSync(folder, { recursive: true, force: true });
  };
}

/** One that a test makes is there for those after it, and gone with the last. */
function buildBases({ available }: EngineState): string[] {
  if (!available) return [];
  const args = ["images", "--filter", `label=${keptLabel}`, "--quiet"];
  const { stdout } = spawnSync("docker", args, { encoding: "utf8", timeout: 60_000 });
  return [...new Set(stdout.split("\n").filter((id) => id !== ""))];
}

/** The Docker Engine that is there, or as root one that is started, until it is released. */
export async function takeEngine(ledger: Ledger): Promise<{ state: EngineState; release(): Promise<void> }> {
  const nothing = async (): Promise<void> => {};
  if (engineAnswers()) return { state: { available: true }, release: nothing };
  const why = whyNone();
  if (why !== null) return { state: { available: false, why }, release: nothing };
  const dockerd = await startDockerd(ledger);
  return { state: { available: true }, release: () => dockerd.stop(60_000) };
}

export function engineAnswers(): boolean {
  return spawnSync("docker", ["info"], { stdio: "ignore", timeout: 60_000 }).status === 0;
}

/** Why none can be started here; null where one can. */
export function whyNone(): string | null {
  if (process.platform !== "linux" || process.getuid?.() !== 0)
    return "no Docker Engine answers, and only root on Linux can start one";
  if (spawnSync("dockerd", ["--version"], { stdio: "ignore" }).status !== 0)
    return "no Docker Engine answers, and dockerd is not installed (Debian: apt-get install docker.io)";
  return null;
}

/** A containerd that an engine left behind makes the first start fail: it is tried twice. */
export async function startDockerd(ledger: Ledger): Promise<Child> {
  for (let tries = 1; ; tries++) {
    const dockerd = await startChild(
      { name: "dockerd", command: "dockerd", args: [], stopSignal: "SIGTERM" },
      { ledger },
    );
    if (await answersWithin(90_000, dockerd)) return dockerd;
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
