import type { Blobs } from "#core/artifacts/blobs.ts";
import type { Config } from "#core/config.ts";
import type { Environment } from "#core/settings.ts";
import { assembler } from "./assembler.ts";
import type { BaseSource } from "./bases/base-source.ts";
import { debianBase } from "./bases/debian-base.ts";
import { imageBase } from "./bases/image-base.ts";
import type { ImageBuilder } from "./image-builder.ts";
import type { Registries } from "./registries/open-registries.ts";
import { openRegistryClient, type RegistryClient } from "./registry-client/client.ts";
import { type ImageReference, parseReference } from "./registry-client/reference.ts";
import { runtimeFolder } from "./runtimes/runtime-source.ts";
import { toolEnvironment } from "./tool-environment.ts";

export interface OpenAssemblerNeeds extends Blobs {
  config: Pick<Config, "base" | "tools" | "ca" | "scratchDir" | "cacheDir">;
  registries: Registries;
  /** This process's: tools get from it what they may know. */
  environment: Environment;
}

/** The assembler as the settings describe it. */
export function openAssembler({ db, blobs, config, registries, environment }: OpenAssemblerNeeds): ImageBuilder {
  const tools = toolEnvironment(environment);
  return assembler({
    db,
    blobs,
    base: baseSource({ db, blobs, config, registries, environment }, tools),
    uv: { file: config.tools.uv, cacheDir: `${config.cacheDir}/uv`, environment: tools },
    scratchDir: config.scratchDir,
    cacheDir: config.cacheDir,
    runtimeFolder,
  });
}

function baseSource(
  { db, blobs, config, registries }: OpenAssemblerNeeds,
  environment: Record<string, string>,
): BaseSource {
  const { base, tools, scratchDir } = config;
  if (base.from === "debian")
    return debianBase({ db, blobs }, { suite: base.suite, mmdebstrap: tools.mmdebstrap, scratchDir, environment });
  const reference = parseReference(base.reference);
  return imageBase({ db, blobs }, { reference, connect: () => clientOf(reference, registries, config) });
}

/** With the login of the registry that the reference leads to; anonymous where it is none that Slipway knows. */
async function clientOf(
  reference: ImageReference,
  registries: Registries,
  { ca }: Pick<Config, "ca">,
): Promise<RegistryClient> {
  const registry = await registries.ofReference(reference);
  return registry?.client ?? openRegistryClient({ host: reference.host, ca });
}
