import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Blobs } from "#core/artifacts/blobs.ts";
import type { Base } from "../bases/base-source.ts";
import type { BuildContext } from "../image-builder.ts";
import { ownLayerBytes } from "../layers/model-layers.ts";
import type { StoredLayer } from "../layers/stored-layer.ts";
import type { LockedRequirement } from "../lock.ts";
import { megabytes, seconds } from "../measures.ts";
import { type Install, installRequirements } from "./install-requirements.ts";
import { installedSizes } from "./installed-sizes.ts";
import { dependenciesFolder } from "./launcher.ts";
import { layPython } from "./python-layer.ts";
import { slimInstalled } from "./slim-installed.ts";
import type { Uv } from "./uv.ts";
import { findWheels, keepWheels, wheelKey } from "./wheel-layers.ts";

interface Place {
  base: Base;
  /** Files of a base on this machine whose Python is the base's and runs here. */
  root: string;
  /** Without what serving never needs. */
  slim: boolean;
}

/** An image has room for 127 layers; the base's and the model's are among them. */
const mostAlone = 48;

/**
 * A large wheel is a layer of its own, a function of the wheel and of the base's Python: made once, pushed once, whatever
 * stands beside it. The small ones of a set share one layer above them. Which wheels are large depends on what they take when
 * they are laid out, so that a set is divided in the same way on every instance: one that is met for the first time is
 * laid out to be measured.
 */
export async function dependencyLayers(
  needs: Blobs & { uv: Uv },
  { base, root, slim }: Place,
  install: Install,
  scratch: string,
  context: BuildContext,
): Promise<StoredLayer[]> {
  const keyOf = (requirement: LockedRequirement) => wheelKey(requirement, { python: base.pythonVersion, slim });
  const wheels = await findWheels(needs, install.locked.map(keyOf));
  const lay = async (locked: readonly LockedRequirement[], name: string): Promise<string> => {
    const target = join(scratch, name);
    await mkdir(target);
    await installRequirements(needs.uv, { ...install, locked }, target, { base, root, folder: scratch, context });
    return target;
  };
  let savedBytes = 0;
  const layer = async (locked: readonly LockedRequirement[], name: string, title: string): Promise<StoredLayer> => {
    const folder = await lay(locked, name);
    if (slim) savedBytes += await slimInstalled(folder);
    const laid = { folder, imagePath: dependenciesFolder, more: [], kind: "dependencies", title } as const;
    return layPython(needs, { base, root }, laid, context);
  };

  const unmet = install.locked.filter((requirement) => !wheels.has(keyOf(requirement)));
  if (unmet.length > 0) {
    const startedAt = performance.now();
    const folder = await lay(unmet, "unmet");
    const sizes = await installedSizes(folder);
    await rm(folder, { recursive: true, force: true });
    for (const requirement of unmet)
      wheels.set(keyOf(requirement), { sizeBytes: sizes.get(requirement.name) ?? 0, layer: null });
    context.log(`fetched ${unmet.length} packages in ${seconds(startedAt)}`);
  }

  const { alone, together } = divide(install.locked, (requirement) => wheels.get(keyOf(requirement))?.sizeBytes ?? 0);
  const layers: StoredLayer[] = [];
  for (const requirement of alone) {
    const { name, version } = requirement;
    const wheel = wheels.get(keyOf(requirement));
    const own = wheel?.layer ?? (await layer([requirement], `alone-${name}`, `${name} ${version}`));
    if (wheel?.layer) context.log(`${name} ${version}: known, ${megabytes(own.sizeBytes)}`);
    wheels.set(keyOf(requirement), { sizeBytes: wheel?.sizeBytes ?? 0, layer: own });
    layers.push(own);
  }
  if (together.length > 0) layers.push(await layer(together, "together", `${together.length} small packages`));
  await keepWheels(needs, wheels);
  if (savedBytes > 0) context.log(`left out ${megabytes(savedBytes)} of tests, headers and static libraries`);
  return layers;
}

/** By size, the largest first, and of one size by name; each part in the order of the lock. */
function divide(
  locked: readonly LockedRequirement[],
  sizeOf: (requirement: LockedRequirement) => number,
): { alone: LockedRequirement[]; together: LockedRequirement[] } {
  const alone = new Set(
    locked
      .filter((requirement) => sizeOf(requirement) >= ownLayerBytes)
      .sort((a, b) => sizeOf(b) - sizeOf(a) || (a.name < b.name ? -1 : 1))
      .slice(0, mostAlone),
  );
  return {
    alone: locked.filter((requirement) => alone.has(requirement)),
    together: locked.filter((requirement) => !alone.has(requirement)),
  };
}
