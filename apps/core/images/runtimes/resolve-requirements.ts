import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BuildFault } from "../image-builder.ts";
import type { LockedRequirement } from "../lock.ts";
import { seconds } from "../measures.ts";
import { type GivenWheels, wheelArguments, withSdists } from "./given-wheels.ts";
import { checkPinnedHashes } from "./pinned-hashes.ts";
import { parsePylock } from "./pylock.ts";
import { runUv, type Uv, type UvRun } from "./uv.ts";
import { reasonLine, uvReason } from "./uv-reason.ts";

/** Finds one version and one wheel for every requirement and what it needs; wheels that were made here go first. */
export async function resolveRequirements(
  uv: Uv,
  requirements: readonly string[],
  run: UvRun,
  wheels: GivenWheels | null = null,
): Promise<LockedRequirement[]> {
  const startedAt = performance.now();
  await writeFile(join(run.folder, "requirements.in"), `${requirements.join("\n")}\n`);
  const { exitCode, stderr } = await runUv(
    uv,
    [
      ...[
        "pip",
        "compile",
        "requirements.in",
        "--format",
        "pylock.toml",
        "--output-file",
        "pylock.toml",
        "--no-header",
      ],
      ...(await wheelArguments(wheels, run.folder)),
    ],
    run,
  );
  if (exitCode !== 0) throw blame(stderr);
  const resolved = withSdists(parsePylock(await readFile(join(run.folder, "pylock.toml"), "utf8")), wheels);
  checkPinnedHashes(requirements, resolved);
  run.context.log(`resolved ${resolved.length} packages in ${seconds(startedAt)}`);
  return resolved;
}

/** uv says which requirements contradict each other; an index that does not answer is nobody's requirement. */
function blame(stderr: string): Error {
  const reason = uvReason(stderr);
  const isTheirs = /^No solution found when resolving|^Couldn't parse requirement|^Failed to parse/.test(reason.title);
  if (!isTheirs) return new Error(`uv could not resolve the requirements: ${reasonLine(reason)}`);
  return new BuildFault("requirements_unresolvable", `the requirements cannot be satisfied: ${reasonLine(reason)}`);
}

/** Whether wheels could be made of what the index has: as uv says it. */
export function lacksWheels(error: unknown): error is BuildFault {
  return (
    error instanceof BuildFault &&
    error.code === "requirements_unresolvable" &&
    /has no (?:usable )?wheels|no wheels with a matching/.test(error.message)
  );
}
