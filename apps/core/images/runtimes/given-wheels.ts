import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LockedRequirement } from "../lock.ts";
import type { MadeWheels } from "./runtime-steps.ts";

/** Wheels that were made here, for uv to take beside the index's. */
export type GivenWheels = Pick<MadeWheels, "folder" | "sdists">;

/** The versions that they were made of are the ones to take. */
export async function wheelArguments(wheels: GivenWheels | null, scratch: string): Promise<string[]> {
  if (wheels === null) return [];
  const pins = wheels.sdists.map(({ name, version }) => `${name}==${version}\n`);
  await writeFile(join(scratch, "made.constraints"), pins.join(""));
  return ["--find-links", wheels.folder, "--constraints", "made.constraints"];
}

/** Says of each that was made what it was made of. */
export function withSdists(resolved: readonly LockedRequirement[], wheels: GivenWheels | null): LockedRequirement[] {
  return resolved.map((requirement) => {
    const made = wheels?.sdists.find(
      ({ name, version }) => name === requirement.name && version === requirement.version,
    );
    return made === undefined ? requirement : { ...requirement, sdist: { file: made.file, sha256: made.sha256 } };
  });
}
