import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { EngineConfig, NetworkConfig } from "#core/config.ts";
import { runLabel } from "#core/images/engine/labels.ts";
import { openEngine } from "#core/images/engine/open-engine.ts";
import type { ImageBuilder } from "#core/images/image-builder.ts";
import { openBuilder } from "#core/images/open-builder.ts";
import type { DockerEngine } from "#test/docker-engine.ts";
import { sharedCache } from "#test/made-before.ts";
import { oneRegistry } from "#test/one-registry.ts";
import { machinesNetwork, smallEngine } from "#test/plain-network.ts";
import { testRegistry } from "#test/test-registry.ts";
import { waitUntil } from "#test/wait-until.ts";
import { type Instance, newInstance } from "../../integration/images/instance.ts";

export type EngineInstance = Omit<Instance, "builder"> & { builder: ImageBuilder };

/** An instance whose packages may have commands run. */
export async function newEngineInstance(
  settings: { engine?: Partial<EngineConfig>; limits?: Partial<EngineConfig["limits"]>; network?: NetworkConfig } = {},
): Promise<EngineInstance> {
  const { needs, folder } = await newInstance({ made: "all" });
  return { needs, folder, builder: builderOf({ needs, folder }, settings) };
}

export function builderOf(
  { needs, folder }: Pick<Instance, "needs" | "folder">,
  { engine, limits, network }: Parameters<typeof newEngineInstance>[0] = {},
): ImageBuilder {
  const engineConfig = { ...smallEngine, ...engine, limits: { ...smallEngine.limits, ...limits } };
  return openBuilder({
    ...needs,
    engine: openEngine(engineConfig),
    config: {
      bases: [{ from: "debian", suite: "bookworm" }],
      tools: { uv: process.env["SLIPWAY_UV"] ?? "uv", mmdebstrap: "mmdebstrap" },
      wheels: { slim: false, cacheBytes: 20 * 1024 ** 3 },
      registry: testRegistry(),
      engine: engineConfig,
      network: network ?? machinesNetwork,
      ca: null,
      scratchDir: join(folder, "scratch"),
      cacheDir: sharedCache(),
    },
    registries: oneRegistry({ host: testRegistry().host }).registries,
    environment: process.env,
  });
}

export async function expectNothingLeft(docker: DockerEngine["docker"]): Promise<void> {
  expect(await leftForGood(docker)).toEqual([]);
}

/** The same, and no folder of a build either. */
export async function expectNothingLeftOf(docker: DockerEngine["docker"], { folder }: EngineInstance): Promise<void> {
  await expectNothingLeft(docker);
  await expect.poll(() => readdir(join(folder, "scratch"))).toEqual([]);
}

/** What an engine is told to remove it lets go of when it has the time. */
export async function leftForGood(docker: DockerEngine["docker"]): Promise<string[]> {
  const isEmpty = async () => (await leftovers(docker)).length === 0;
  return waitUntil("nothing is left in the engine", isEmpty).then(
    () => [],
    () => leftovers(docker),
  );
}

/** Whatever of builds is in the engine: containers, images and steps of all runs. */
export async function leftovers(docker: DockerEngine["docker"]): Promise<string[]> {
  const filter = ["--filter", `label=${runLabel}`];
  const found = [
    await docker("ps", "--all", ...filter, "--format", "container {{.ID}}, {{.Status}}: {{.Command}}"),
    await docker("images", "--all", ...filter, "--format", "image {{.ID}}, {{.CreatedSince}}"),
  ];
  return found.flatMap((text) => text.split("\n")).filter((line) => line !== "");
}
