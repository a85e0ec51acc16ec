import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Blobs } from "#core/artifacts/blobs.ts";
import type { Config } from "#core/config.ts";
import { type Platform, runnable } from "#core/packaging/platforms.ts";
import { type Base, pythonMinorOf } from "../bases/base-source.ts";
import { type BuildContext, BuildFault } from "../image-builder.ts";
import { folderEntries } from "../layers/folder-entries.ts";
import { type StoredLayer, storeLayer } from "../layers/stored-layer.ts";
import type { TarEntry } from "../layers/tar.ts";
import type { Lock, LockedRequirement } from "../lock.ts";
import { megabytes } from "../measures.ts";
import { checkLockedSystem } from "./check-lock.ts";
import { dependencyLayers } from "./dependency-layers.ts";
import { launcher } from "./launcher.ts";
import { layPython } from "./python-layer.ts";
import { lacksWheels, resolveRequirements } from "./resolve-requirements.ts";
import type { RuntimeSource } from "./runtime-source.ts";
import type { MadeWheels, RuntimeSteps, SystemFiles } from "./runtime-steps.ts";
import type { Uv } from "./uv.ts";

export interface RuntimeRequest {
  base: Base;
  /** Files of a base on this machine whose Python is the base's and runs here. */
  root: string;
  platform: Platform;
  source: RuntimeSource;
  /** PEP 508 lines of the package. */
  requirements: readonly string[];
  /** As `requirements`, for what is installed anyway. */
  constraints: readonly string[];
  /** Debian packages besides the base's. */
  systemPackages: readonly string[];
  lock: Lock | null;
  /** Dependencies without what serving never needs. */
  slim: boolean;
}

export interface RuntimeNeeds extends Blobs {
  uv: Uv;
  scratchDir: string;
  /** Null where nothing can be run. */
  steps: RuntimeSteps | null;
  wheels: Config["wheels"];
}

export interface MadeRuntime {
  layers: StoredLayer[];
  lock: Lock;
  /** What had to be run for it, and why; null where nothing had. */
  ran: { why: string; dockerfile: string } | null;
}

/** Resolves (or takes the lock's word), installs, compiles, and stores the layers over the base's: system packages where
 *  there are any, dependencies, Slipway runtime. */
export async function makeRuntime(
  needs: RuntimeNeeds,
  request: RuntimeRequest,
  folder: string,
  context: BuildContext,
): Promise<MadeRuntime> {
  const { base, source } = request;
  const system = await systemLayer(needs, request, folder, context);
  const { locked, wheels } = await lockRequirements(needs, request, folder, context);
  const install = { locked, given: request.lock !== null, wheels };
  const dependencies = await dependencyLayers(needs, request, install, folder, context);
  const runtime = await runtimeLayer(needs, request, folder, context);
  const lock: Lock = {
    schema: 1,
    platform: request.platform,
    python: pythonMinorOf(base),
    base: { source: base.source, digest: base.digest, packages: base.packages },
    runtime: { version: source.version, digest: source.digest },
    requirements: [...locked],
    ...(system === null ? {} : { system: system.packages }),
    ...(request.slim ? { slim: true } : {}),
  };
  const layers = [...base.layers, ...(system === null ? [] : [system.layer]), ...dependencies, runtime];
  return { lock, layers, ran: whatRan(request, system, wheels) };
}

function whatRan(
  { systemPackages }: RuntimeRequest,
  system: SystemFiles | null,
  wheels: MadeWheels | null,
): MadeRuntime["ran"] {
  const reasons = [
    ...(system === null ? [] : [`the system packages ${systemPackages.join(", ")} are installed by commands`]),
    ...(wheels === null
      ? []
      : [
          `the index has no wheel of ${wheels.sdists.map(({ name }) => name).join(", ")}, and making one runs commands`,
        ]),
  ];
  if (reasons.length === 0) return null;
  const dockerfile = [system?.dockerfile, wheels?.dockerfile].filter((text) => text !== undefined).join("\n");
  return { why: reasons.join("; "), dockerfile };
}

async function systemLayer(
  needs: RuntimeNeeds,
  { base, systemPackages, lock, platform }: RuntimeRequest,
  folder: string,
  context: BuildContext,
): Promise<(SystemFiles & { layer: StoredLayer }) | null> {
  if (systemPackages.length === 0) return null;
  const files = await stepsOf(needs, platform).installSystemPackages(base, systemPackages, folder, context);
  checkLockedSystem(lock, files.packages);
  const entries = await folderEntries(files.root, "");
  const layer = await storeLayer(needs, entries, { kind: "base", signal: context.signal });
  await rm(files.root, { recursive: true, force: true });
  context.log(`system packages: ${files.packages.length} Debian packages, ${megabytes(layer.sizeBytes)}`);
  return { ...files, layer };
}

/** By resolution or by a given lock. What the index has as sources alone is made into wheels first; by a lock the same
 *  wheels have to come of it. */
async function lockRequirements(
  needs: RuntimeNeeds,
  { base, root, requirements, constraints, lock, platform }: RuntimeRequest,
  folder: string,
  context: BuildContext,
): Promise<{ locked: readonly LockedRequirement[]; wheels: MadeWheels | null }> {
  const run = { base, root, folder, context };
  const asked = { requirements, constraints };
  if (lock !== null) {
    const pins = lock.requirements.flatMap(({ name, version, sdist }) => (sdist ? [`${name}==${version}`] : []));
    if (pins.length === 0) return { locked: lock.requirements, wheels: null };
    return {
      locked: lock.requirements,
      wheels: await stepsOf(needs, platform).makeWheels(base, { requirements: pins, constraints: [] }, folder, context),
    };
  }
  try {
    return { locked: await resolveRequirements(needs.uv, asked, run), wheels: null };
  } catch (error) {
    if (platform !== runnable && error instanceof BuildFault) throw onPlatform(error, platform);
    if (needs.steps === null || !lacksWheels(error)) throw error;
    context.log("some requirements have no wheels: making them from their sources");
    const wheels = await needs.steps.makeWheels(base, asked, folder, context);
    return { locked: await resolveRequirements(needs.uv, asked, run, wheels), wheels };
  }
}

/** uv's own words name the requirement. */
function onPlatform(fault: BuildFault, platform: Platform): BuildFault {
  const more = lacksWheels(fault) ? `, and none is made of its sources, since nothing is run on ${platform}` : "";
  return new BuildFault(fault.code, `on ${platform} ${fault.message.replace(/\.$/, "")}${more}`, { cause: fault });
}

function stepsOf({ steps }: RuntimeNeeds, platform: Platform): RuntimeSteps {
  if (platform !== runnable)
    throw new BuildFault(
      "platform_unavailable",
      `this package needs commands to be run, and they are run on ${runnable} alone: take ${platform} out of platforms`,
    );
  if (steps === null) throw new Error("this package needs commands to be run, and no Docker Engine is set");
  return steps;
}

async function runtimeLayer(
  needs: RuntimeNeeds,
  { base, root, source }: RuntimeRequest,
  scratch: string,
  context: BuildContext,
): Promise<StoredLayer> {
  const target = join(scratch, "runtime");
  for (const file of source.files) {
    const path = join(target, "slipway_runtime", file.path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, file.bytes);
  }
  const command = Buffer.from(launcher(base.pythonPath));
  const executable: TarEntry = {
    type: "file",
    path: "opt/slipway/bin/slipway-runtime",
    executable: true,
    sizeBytes: command.length,
    open: async () => [command],
  };
  const laid = { folder: target, imagePath: "opt/slipway/runtime", more: [executable] };
  return layPython(needs, { base, root }, { ...laid, kind: "runtime", title: "runtime layer" }, context);
}
