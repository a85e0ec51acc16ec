import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Blobs } from "#core/artifacts/blobs.ts";
import { type Base, pythonMinorOf } from "../bases/base-source.ts";
import { compileFolder } from "../bases/compile-bytecode.ts";
import type { BuildContext } from "../image-builder.ts";
import { folderEntries } from "../layers/folder-entries.ts";
import { type StoredLayer, storeLayer } from "../layers/stored-layer.ts";
import { parentFolders, type TarEntry } from "../layers/tar.ts";
import type { Lock, LockedRequirement } from "../lock.ts";
import { megabytes, seconds } from "../measures.ts";
import { installRequirements } from "./install-requirements.ts";
import { dependenciesFolder, launcher } from "./launcher.ts";
import { resolveRequirements } from "./resolve-requirements.ts";
import type { RuntimeSource } from "./runtime-source.ts";
import type { Uv } from "./uv.ts";

export interface RuntimeRequest {
  base: Base;
  /** The base's files on this machine. */
  root: string;
  platform: string;
  source: RuntimeSource;
  /** PEP 508 lines of the package. */
  requirements: readonly string[];
  lock: Lock | null;
}

export interface RuntimeNeeds extends Blobs {
  uv: Uv;
  scratchDir: string;
}

/** Resolves (or takes the lock's word), installs, compiles, and stores two layers over the base's. */
export async function makeRuntime(
  needs: RuntimeNeeds,
  request: RuntimeRequest,
  folder: string,
  context: BuildContext,
): Promise<{ layers: StoredLayer[]; lock: Lock }> {
  const { base, source } = request;
  const locked =
    request.lock?.requirements ??
    (await resolveRequirements(needs.uv, request.requirements, { base, root: request.root, folder, context }));
  const dependencies = await dependenciesLayer(needs, request, locked, folder, context);
  const runtime = await runtimeLayer(needs, request, folder, context);
  const lock: Lock = {
    schema: 1,
    platform: request.platform,
    python: pythonMinorOf(base),
    base: { source: base.source, digest: base.digest, packages: base.packages },
    runtime: { version: source.version, digest: source.digest },
    requirements: locked,
  };
  return { lock, layers: [...base.layers, dependencies, runtime] };
}

async function dependenciesLayer(
  needs: RuntimeNeeds,
  { base, root, lock }: RuntimeRequest,
  locked: readonly LockedRequirement[],
  scratch: string,
  context: BuildContext,
): Promise<StoredLayer> {
  const target = join(scratch, "dependencies");
  await mkdir(target);
  await installRequirements(needs.uv, { locked, given: lock !== null }, target, {
    base,
    root,
    folder: scratch,
    context,
  });
  return layerOf(needs, { base, root }, target, dependenciesFolder, [], "dependencies", context);
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
  return layerOf(needs, { base, root }, target, "opt/slipway/runtime", [executable], "runtime", context);
}

/** A folder's files with their bytecode as one layer, kept as a blob; the folder is gone afterwards. */
async function layerOf(
  needs: RuntimeNeeds,
  { base, root }: Pick<RuntimeRequest, "base" | "root">,
  folder: string,
  imagePath: string,
  more: readonly TarEntry[],
  kind: "dependencies" | "runtime",
  { log, signal }: BuildContext,
): Promise<StoredLayer> {
  const startedAt = performance.now();
  await compileFolder({ root, pythonPath: base.pythonPath, folder, imagePath: `/${imagePath}`, signal });
  const compiled = seconds(startedAt);
  const files = [...(await folderEntries(folder, imagePath)), ...more];
  const paths = files.map(({ path }) => path);
  const known = new Set(paths);
  const parents = parentFolders([...paths, `${imagePath}/`], "opt").filter(({ path }) => !known.has(path));
  const layer = await storeLayer(needs, [...parents, ...files], { kind, signal });
  await rm(folder, { recursive: true, force: true });
  log(`${kind} layer: ${megabytes(layer.sizeBytes)} (bytecode in ${compiled}, all in ${seconds(startedAt)})`);
  return layer;
}
