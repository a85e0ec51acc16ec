import type { Blobs } from "#core/artifacts/blobs.ts";
import { digestOf } from "#core/artifacts/digest.ts";
import type { Config } from "#core/config.ts";
import { modelDescription } from "#core/packaging/model-description.ts";
import { type Base, type BaseSource, pythonMinorOf } from "./bases/base-source.ts";
import { type InstanceBase, instanceBase } from "./bases/instance-base.ts";
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
  base: BaseSource;
  /** The same with more Debian packages; null where it is no Debian that can be asked for them. */
  baseWith: ((packages: readonly string[]) => BaseSource) | null;
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
  const basesOf = basesByName(needs);
  const runtimeOf = ensureRuntime(needs);

  async function foundation(
    { spec, lock }: BuildRequest,
    context: BuildContext,
  ): Promise<{ base: Base; runtime: Runtime }> {
    const { requirements, constraints = [], basePackages = [], systemPackages } = spec;
    const kept = lock === null ? null : await findKept(needs, lock);
    if (lock !== null && kept !== null) {
      checkPython(spec, kept.base);
      checkLocked(lock, requirements);
      context.log(knownLine(kept.runtime));
      return kept;
    }
    const source = await readRuntimeSource(needs.runtimeFolder);
    const bases = basesOf(basePackages);
    const base = await bases.ensure(context);
    checkPython(spec, base);
    const asked = { base, platform: platformMade, source, requirements, constraints, systemPackages, lock };
    return { base, runtime: await runtimeOf(asked, bases.files, context) };
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

/** The instance's base, and those with more packages: each is shared by the builds that run at once. */
function basesByName(needs: AssemblerNeeds): (packages: readonly string[]) => InstanceBase {
  const known = new Map<string, InstanceBase>();
  return (packages) => {
    const source = packages.length === 0 ? needs.base : needs.baseWith?.(packages);
    if (source === undefined)
      throw new BuildFault(
        "system_packages_unavailable",
        `without its framework in requirements.txt the model is served by ${packages.join(", ")} of Debian, which this registry's base, an image, cannot be given: name the framework there, or have the operator set SLIPWAY_TORCH_INDEX`,
      );
    const bases = known.get(source.name) ?? instanceBase(needs, source);
    known.set(source.name, bases);
    return bases;
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

function checkPython(spec: BuildRequest["spec"], base: Base): void {
  const minor = pythonMinorOf(base);
  if (spec.pythonMinor === null || spec.pythonMinor === minor) return;
  throw new BuildFault(
    "python_unavailable",
    `the package asks for Python ${spec.pythonMinor}, and this registry's base ${base.source} has Python ${minor}: ` +
      `change python in slipway.yaml, or have the operator set SLIPWAY_BASE to a base with Python ${spec.pythonMinor}`,
  );
}
