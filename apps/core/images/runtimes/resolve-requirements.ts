import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BuildFault } from "../image-builder.ts";
import type { LockedRequirement } from "../lock.ts";
import { seconds } from "../measures.ts";
import { type GivenWheels, wheelArguments, withSdists } from "./given-wheels.ts";
import { checkPinnedHashes } from "./pinned-hashes.ts";
import { parsePylock } from "./pylock.ts";
import { torchBesides, torchProject } from "./torch-index.ts";
import { runUv, type Uv, type UvRun } from "./uv.ts";
import { reasonLine, uvReason } from "./uv-reason.ts";

/** What is asked for, as lines of PEP 508. */
export interface Asked {
  requirements: readonly string[];
  /** For what is installed anyway. */
  constraints: readonly string[];
}

/** Finds one version and one wheel for every requirement and what it needs; wheels that were made here go first. */
export async function resolveRequirements(
  uv: Uv,
  asked: Asked,
  run: UvRun,
  wheels: GivenWheels | null = null,
): Promise<LockedRequirement[]> {
  const startedAt = performance.now();
  let resolved = await compile(uv, asked, run, wheels);
  const besides = uv.torchIndex === null ? [] : torchBesides(resolved, asked.requirements);
  if (besides.length > 0)
    resolved = await compile(uv, { ...asked, requirements: [...asked.requirements, ...besides] }, run, wheels);
  checkPinnedHashes([...asked.requirements, ...asked.constraints], resolved);
  run.context.log(`resolved ${resolved.length} packages in ${seconds(startedAt)}`);
  return resolved;
}

async function compile(
  uv: Uv,
  { requirements, constraints }: Asked,
  run: UvRun,
  wheels: GivenWheels | null,
): Promise<LockedRequirement[]> {
  const input = uv.torchIndex === null ? "requirements.in" : "pyproject.toml";
  const text = uv.torchIndex === null ? `${requirements.join("\n")}\n` : torchProject(requirements, uv.torchIndex);
  await writeFile(join(run.folder, input), text, { mode: 0o600 });
  await writeFile(join(run.folder, "package.constraints"), `${constraints.join("\n")}\n`);
  const { exitCode, stderr } = await runUv(
    uv,
    [
      ...["pip", "compile", input, "--format", "pylock.toml", "--output-file", "pylock.toml", "--no-header"],
      ...(constraints.length === 0 ? [] : ["--constraints", "package.constraints"]),
      ...(await wheelArguments(wheels, run.folder)),
    ],
    run,
  );
  if (exitCode !== 0) throw blame(stderr);
  return withSdists(parsePylock(await readFile(join(run.folder, "pylock.toml"), "utf8")), wheels);
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
