import canonicalize from "canonicalize";
import { type Digest, digestOf } from "#core/artifacts/digest.ts";
import type { Lock, LockedPackage, LockedRequirement } from "../lock.ts";

/** Everything that decides a runtime's bytes. */
export interface RuntimeInputs {
  base: Digest;
  platform: string;
  python: string;
  /** Of the Slipway runtime's source files. */
  source: Digest;
  /** Where dependencies are laid out without what serving never needs. */
  slim?: true;
  /** PEP 508 lines of package and Slipway runtime, with constraints where there are any; or the locked ones that take
   *  their place. */
  dependencies:
    | { requirements: readonly string[]; constraints?: readonly string[] }
    | { locked: readonly LockedRequirement[] };
  /** Debian packages besides the base's, by the names asked for or as they were locked; where there are any. */
  system?: readonly string[] | readonly LockedPackage[];
}

export function runtimeKey({ dependencies, ...inputs }: RuntimeInputs): Digest {
  const document = {
    ...inputs,
    dependencies: "locked" in dependencies ? dependencies : normalised(dependencies),
  };
  return digestOf(canonicalize(document) ?? "");
}

function normalised({
  requirements,
  constraints = [],
}: {
  requirements: readonly string[];
  constraints?: readonly string[];
}) {
  return {
    requirements: normaliseRequirements(requirements),
    ...(constraints.length === 0 ? {} : { constraints: normaliseRequirements(constraints) }),
  };
}

/** Of what is made by a lock, to the letter. */
export function lockedRuntimeKey({ base, platform, python, runtime, slim, requirements, system = [] }: Lock): Digest {
  return runtimeKey({
    ...(system.length === 0 ? {} : { system }),
    base: base.digest,
    platform,
    python,
    source: runtime.digest,
    ...(slim === undefined ? {} : { slim }),
    dependencies: { locked: requirements },
  });
}

/** Order, blanks and repetition mean nothing to the resolver. */
export function normaliseRequirements(lines: readonly string[]): string[] {
  const tidied = lines.map((line) => line.trim().replace(/\s+/g, " ")).filter((line) => line !== "");
  return [...new Set(tidied)].sort();
}
