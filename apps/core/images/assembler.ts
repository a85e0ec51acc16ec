import type { Blobs } from "#core/artifacts/blobs.ts";
import { digestOf } from "#core/artifacts/digest.ts";
import type { Config } from "#core/config.ts";
import { modelDescription } from "#core/packaging/model-description.ts";
import { type Base, pythonMinorOf } from "./bases/base-source.ts";
import { type BaseChoice, chooseBase } from "./bases/choose-base.ts";
import { nothingRuns } from "./expected-builder.ts";
import {
  type BuildContext,
  BuildFault,
  type BuildRequest,
  type BuiltImage,
  type ImageBuilder,
  platformMade,
} from "./image-builder.ts";
import { describeImage } from "./image-config.ts";
import { generatedLayer, modelLayers } from "./layers/model-layers.ts";
import { openStoredLayer } from "./layers/stored-layer.ts";
import type { Lock } from "./lock.ts";
import { checkLocked } from "./runtimes/check-lock.ts";
import { ensureRuntime, knownLine, type Runtime } from "./runtimes/ensure-runtime.ts";
import { findKept } from "./runtimes/kept-runtime.ts";
import { readRuntimeSource } from "./runtimes/runtime-source.ts";
import type { RuntimeSteps } from "./runtimes/runtime-steps.ts";
import type { Uv } from "./runtimes/uv.ts";

/** It knows what it put together. */
export interface Assembler extends ImageBuilder {
  build(request: BuildRequest, context: BuildContext): Promise<BuiltImage & { lock: Lock }>;
}

export interface AssemblerNeeds extends Blobs {
  /** At least one; the first serves packages that want no Python in particular. */
  bases: readonly BaseChoice[];
  uv: Uv;
  /** What has to be run; null where nothing can. */
  steps: RuntimeSteps | null;
  wheels: Config["wheels"];
  scratchDir: string;
  cacheDir: string;
  /** docker/runtime of this repository. */
  runtimeFolder: string;
}

/** What overlayfs takes. */
const layersLimit = 127;

/** Puts an image together and executes nothing of it: base, dependencies, Slipway runtime and the package's files lie
 *  side by side as layers. */
export function assembler(needs: AssemblerNeeds): Assembler {
  const baseFor = chooseBase(needs, needs.bases);
  const runtimeOf = ensureRuntime(needs);

  async function foundation(
    { spec, lock }: BuildRequest,
    context: BuildContext,
  ): Promise<{ base: Base; runtime: Runtime }> {
    const { requirements, constraints = [], basePackages = [], systemPackages } = spec;
    const kept = lock === null ? null : await findKept(needs, lock);
    if (lock !== null && kept !== null) {
      checkKeptPython(spec, kept.base);
      checkLocked(lock, requirements);
      context.log(knownLine(kept.runtime));
      return kept;
    }
    const source = await readRuntimeSource(needs.runtimeFolder);
    const pythonMinor = spec.pythonMinor ?? lockedPython(lock, needs.bases);
    const { base, files } = await baseFor({ pythonMinor, packages: basePackages }, context);
    const asked = { base, platform: platformMade, source, requirements, constraints, systemPackages, lock };
    return { base, runtime: await runtimeOf(asked, files, context) };
  }

  return {
    name: "assembler",
    async build(request, context) {
      checkPlatforms(request);
      const { base, runtime } = await foundation(request, context);
      const { signal } = context;
      const most = layersLimit - runtime.layers.length - 1;
      const layers = [
        ...runtime.layers.map((layer) => openStoredLayer(needs, layer)),
        ...(await modelLayers(needs, request.files, { model: request.model, most, signal })),
        await generatedLayer(
          "opt/slipway/model.json",
          modelDescription({ ...request, model: request.madeAs ?? request.model }),
          signal,
        ),
      ];
      const { config, manifest } = describeImage(request, base, layers);
      const image = {
        platform: platformMade,
        manifest,
        digest: digestOf(manifest),
        config,
        layers,
        lock: runtime.lock,
      };
      return { ...image, ...builderOf(runtime, request.spec.systemPackages) };
    },
  };
}

function builderOf(
  { ran, lock }: Runtime,
  systemPackages: readonly string[],
): Pick<BuiltImage, "builder" | "dockerfile"> {
  if (ran !== null) return { builder: { name: "engine", why: ran.why }, dockerfile: ran.dockerfile };
  const isPlain = systemPackages.length === 0 && lock.requirements.every(({ sdist }) => sdist === undefined);
  const why = isPlain
    ? nothingRuns
    : "the runtime that had to be built by commands is known, and the model is laid upon it";
  return { builder: { name: "assembler", why } };
}

function checkPlatforms({ spec }: BuildRequest): void {
  const other = spec.platforms.find((asked) => asked !== platformMade);
  if (other === undefined) return;
  throw new BuildFault(
    "platform_unavailable",
    `slipway.yaml asks for ${other}: images are made for ${platformMade} only; take ${other} out of platforms`,
  );
}

/** Where one of the bases has it; else the lock is refused for what it names. */
function lockedPython(lock: Lock | null, bases: readonly BaseChoice[]): string | null {
  return lock !== null && bases.some(({ python }) => python === lock.python) ? lock.python : null;
}

function checkKeptPython({ pythonMinor }: BuildRequest["spec"], base: Base): void {
  const minor = pythonMinorOf(base);
  if (pythonMinor === null || pythonMinor === minor) return;
  throw new BuildFault(
    "lock_unusable",
    `the lock is for Python ${minor}, and the package asks for Python ${pythonMinor}: build without a lock`,
  );
}
