import type { Architecture } from "#core/packaging/platforms.ts";
import { type BuildContext, BuildFault } from "../image-builder.ts";
import { type Base, type BaseSource, pythonMinorOf } from "./base-source.ts";
import { type BaseNeeds, type InstanceBase, instanceBase } from "./instance-base.ts";
import type { Twin } from "./twin.ts";

/** One of the bases that the operator has set. */
export interface BaseChoice {
  /** `3.11`; null where it is seen when the base is made. */
  python: string | null;
  /** The base with more Debian packages, or none more; null where it is no Debian that can be asked for them. With a twin
   *  that for another architecture. */
  source(packages: readonly string[], twin: Twin | null): BaseSource | null;
}

export interface WantedBase {
  /** What the package asks for; null: it runs on whatever the first base has. */
  pythonMinor: string | null;
  /** Debian packages that have to be part of it. */
  packages: readonly string[];
  architecture: Architecture;
}

export type ChooseBase = (wanted: WantedBase, context: BuildContext) => Promise<ChosenBase>;

export interface ChosenBase {
  base: Base;
  /** The folder with the files of the base, or of its twin: whose Python runs here. */
  files(context: BuildContext): Promise<string>;
}

/** The first base that has the Python that is wanted. Each is shared by the builds that run at once. Throws
 *  `python_unavailable`, `system_packages_unavailable`, `platform_unavailable`. */
export function chooseBase(needs: BaseNeeds, choices: readonly BaseChoice[]): ChooseBase {
  const open = new Map<string, InstanceBase>();
  const instanceOf = (source: BaseSource): InstanceBase => {
    const bases = open.get(source.name) ?? instanceBase(needs, source);
    open.set(source.name, bases);
    return bases;
  };

  return async ({ pythonMinor, packages, architecture }, context) => {
    const others: Base[] = [];
    for (const { python, source: sourceOf } of choices) {
      if (pythonMinor !== null && python !== null && python !== pythonMinor) continue;
      const source = sourceOf(packages, null);
      if (source === null) throw noDebian(packages);
      const bases = instanceOf(source);
      const base = await bases.ensure(context);
      const minor = pythonMinorOf(base);
      if (python !== null && python !== minor)
        throw new Error(`SLIPWAY_BASE says that ${base.source} has Python ${python}, and it has ${minor}`);
      if (pythonMinor !== null && minor !== pythonMinor) {
        others.push(base);
        continue;
      }
      const files = (each: BuildContext) => bases.files(base, each);
      if (architecture === base.architecture) return { base, files };
      const foreign = sourceOf(packages, { base, files });
      if (foreign === null) throw noDebian(packages);
      return { base: await instanceOf(foreign).ensure(context), files };
    }
    throw noPython(pythonMinor, choices, others);
  };
}

function noDebian(packages: readonly string[]): BuildFault {
  return new BuildFault(
    "system_packages_unavailable",
    `without its framework in requirements.txt the model is served by ${packages.join(", ")} of Debian, which this registry's base, an image, cannot be given: name the framework there, or have the operator set SLIPWAY_TORCH_INDEX`,
  );
}

function noPython(wanted: string | null, choices: readonly BaseChoice[], made: readonly Base[]): BuildFault {
  const had = new Set([...choices.flatMap(({ python }) => python ?? []), ...made.map(pythonMinorOf)]);
  return new BuildFault(
    "python_unavailable",
    `the package asks for Python ${wanted}, and this registry has bases with Python ${[...had].join(" and ")}: ` +
      `change python in slipway.yaml, or have the operator add a base with Python ${wanted} to SLIPWAY_BASE`,
  );
}
