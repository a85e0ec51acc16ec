import { openAssembler } from "#core/images/open-assembler.ts";
import { openRegistries } from "#core/images/registries/open-registries.ts";
import type { Registry } from "#core/registry.ts";
import { takeMade } from "./made-before.ts";
import { testWorker } from "./test-worker.ts";

/** A worker that makes real images, and has nothing run. */
export async function assemblingWorker(registry: Registry): Promise<void> {
  await takeMade({ db: registry.db, artifactsDir: registry.config.artifacts.dir });
  const registries = openRegistries(registry);
  testWorker(registry, openAssembler({ ...registry, registries, environment: process.env, steps: null }));
}
