import { spawnSync } from "node:child_process";
import type { Ledger } from "../ledger.ts";
import { runInEngine } from "./container-engine.ts";
import { canSandbox, runInSandbox } from "./sandbox.ts";

/** An image that serves. */
export interface RunningImage {
  url: string;
  /** The newest lines that it wrote. */
  log(): string;
  stop(): Promise<void>;
}

/** A way to run images on this machine. */
export interface ImageRunner {
  /** As a person would say it: "Docker". */
  name: string;
  run(image: string, options: { folder: string; ledger: Ledger }): Promise<RunningImage>;
}

/** The first way that works here; null when there is none. */
export function chooseRunner(): ImageRunner | null {
  const answers = (command: string) => spawnSync(command, ["info"], { stdio: "ignore", timeout: 10_000 }).status === 0;
  if (answers("docker")) return { name: "Docker", run: (image) => runInEngine("docker", image) };
  if (answers("podman")) return { name: "Podman", run: (image) => runInEngine("podman", image) };
  if (canSandbox()) return { name: "a sandbox of this machine (unshare)", run: runInSandbox };
  return null;
}

/** What a person types to run it by hand. */
export function runCommand(image: string): string {
  return `docker run --rm --read-only --cap-drop ALL --user 65532 -p 127.0.0.1:8000:8000 ${image}`;
}
