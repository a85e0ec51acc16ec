import type { Blobs } from "#core/artifacts/blobs.ts";
import { digestOf } from "#core/artifacts/digest.ts";
import type { Config } from "#core/config.ts";
import { modelDescription } from "#core/packaging/model-description.ts";
import { architectureOf, type Platform, platforms, runnable } from "#core/packaging/platforms.ts";
import { type Base, pythonMinorOf } from "./bases/base-source.ts";
import { type BaseChoice, chooseBase } from "./bases/choose-base.ts";
import { nothingRuns } from "./expected-builder.ts";
import {
  type BuildContext,
  BuildFault,
  type BuildRequest,
  type BuiltImage,
  type ImageBuilder,
} from "./image-builder.ts";
import { describeImage } from "./image-config.ts";
import { imageIndex } from "./image-index.ts";
import { generatedLayer, modelLayers } from "./layers/model-layers.ts";
import { openStoredLayer } from "./layers/stored-layer.ts";
import type { Lock } from "./lock.ts";
import { checkLocked, locksOf } from "./runtimes/check-lock.ts";
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

/** What the image of one platform stands on. */
interface Foundation {
  platform: Platform;
  base: Base;
  runtime: Runtime;
}

/** What overlayfs takes. */
const layersLimit = 127;

/** Puts an image together and executes nothing of it: base, dependencies, Slipway runtime and the package's files lie
 *  side by side as layers. For another architecture it does the same once more, and makes none of the layers twice that
 *  are the same. */
export function assembler(needs: AssemblerNeeds): Assembler {
  const baseFor = chooseBase(needs, needs.bases);
  const runtimeOf = ensureRuntime(needs);

  async function foundation(
    { spec }: BuildRequest,
    { platform, lock, beside }: { platform: Platform; lock: Lock | null; beside: Foundation | null },
    context: BuildContext,
  ): Promise<Foundation> {
    const { requirements, basePackages = [], systemPackages } = spec;
    const kept = lock === null ? null : await findKept(needs, lock);
    if (lock !== null && kept !== null) {
      checkKeptPython(spec, kept.base);
      checkLocked(lock, requirements);
      context.log(knownLine(kept.runtime));
      return { platform, ...kept };
    }
    const source = await readRuntimeSource(needs.runtimeFolder);
    const pythonMinor = spec.pythonMinor ?? lockedPython(lock, needs.bases);
    const { base, files } = await baseFor(
      { pythonMinor, packages: basePackages, architecture: architectureOf[platform] },
      context,
    );
    const constraints = [...(spec.constraints ?? []), ...(beside === null ? [] : versionsOf(beside.runtime.lock))];
    const asked = { base, platform, source, requirements, constraints, systemPackages, lock };
    return { platform, base, runtime: await runtimeOf(asked, files, context) };
  }

  async function foundations(request: BuildRequest, context: BuildContext): Promise<Foundation[]> {
    const asked = platforms.filter((platform) => request.spec.platforms.includes(platform));
    const locks = request.lock === null ? null : locksOf(request.lock, asked);
    const made: Foundation[] = [];
    for (const platform of asked) {
      if (asked.length > 1) context.log(`for ${platform}:`);
      const place = { platform, lock: locks?.get(platform) ?? null, beside: made[0] ?? null };
      made.push(await foundation(request, place, context));
    }
    return made;
  }

  return {
    name: "assembler",
    async build(request, context) {
      const made = await foundations(request, context);
      const { signal } = context;
      const most = layersLimit - Math.max(...made.map(({ runtime }) => runtime.layers.length)) - 1;
      const ofModel = [
        ...(await modelLayers(needs, request.files, { model: request.model, most, signal })),
        await generatedLayer(
          "opt/slipway/model.json",
          modelDescription({ ...request, model: request.madeAs ?? request.model }),
          signal,
        ),
      ];
      const images = made.map(({ platform, base, runtime }) => {
        const layers = [...runtime.layers.map((layer) => openStoredLayer(needs, layer)), ...ofModel];
        const { config, manifest } = describeImage(request, base, layers);
        return { platform, manifest, digest: digestOf(manifest), config, layers, lock: runtime.lock };
      });
      const [image] = images;
      const [{ runtime } = {}] = made;
      if (image === undefined || runtime === undefined) throw new Error("the package asks for no platform");
      for (const { platform } of images)
        if (platform !== runnable)
          context.log(`${platform} is put together and never run here: a proof tries ${runnable}`);
      const index = images.length === 1 ? {} : { index: imageIndex(images) };
      return { ...image, ...index, ...builderOf(runtime, request.spec.systemPackages) };
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

/** A version serves the same on each platform. What an index calls a build of a version (`+cpu`) may differ. */
function versionsOf({ requirements }: Lock): string[] {
  return requirements.map(({ name, version }) => `${name}==${version.replace(/\+.*$/, "")}`);
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
