import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BuildFault } from "../image-builder.ts";
import type { LockedRequirement } from "../lock.ts";
import type { GivenWheels } from "./given-wheels.ts";
import { tidyInstalled } from "./tidy-installed.ts";
import { byIndex, type OfIndex } from "./torch-index.ts";
import { runUv, type Uv, type UvRun } from "./uv.ts";
import { reasonLine, uvReason } from "./uv-reason.ts";

export interface Install {
  locked: readonly LockedRequirement[];
  /** The lock is a caller's, not one that was resolved here. */
  given: boolean;
  wheels: GivenWheels | null;
}

/** Lays the locked wheels out in a folder, each checked against its SHA-256, and resolves nothing. */
export async function installRequirements(
  uv: Uv,
  { locked, given, wheels }: Install,
  target: string,
  run: UvRun,
): Promise<void> {
  for (const part of byIndex(uv, locked)) await installPart(uv, part, { given, wheels }, target, run);
  await tidyInstalled(target);
}

async function installPart(
  uv: Uv,
  { locked, environment }: OfIndex,
  { given, wheels }: { given: boolean; wheels: GivenWheels | null },
  target: string,
  run: UvRun,
): Promise<void> {
  const lines = locked.map(({ name, version, sha256 }) => `${name}==${version} --hash=sha256:${sha256}`);
  await writeFile(join(run.folder, "requirements.lock"), `${lines.join("\n")}\n`);
  const { exitCode, stderr } = await runUv(
    uv,
    [
      ...["pip", "install", "--target", target, "--no-deps", "--require-hashes"],
      ...["--requirements", "requirements.lock"],
      ...(wheels === null ? [] : ["--find-links", wheels.folder]),
    ],
    run,
    environment,
  );
  if (exitCode !== 0) throw blame(stderr, given);
}

/** What is wrong with a given lock is its giver's; what was resolved a moment ago and cannot be had is the index's. */
function blame(stderr: string, given: boolean): Error {
  const reason = uvReason(stderr);
  const isTheirs =
    given && /No solution found when resolving|Hash mismatch/.test([reason.title, ...reason.causes].join("\n"));
  if (!isTheirs) return new Error(`uv could not install the requirements: ${reasonLine(reason)}`);
  return new BuildFault("lock_unusable", `the lock cannot be installed: ${reasonLine(reason)}`);
}
