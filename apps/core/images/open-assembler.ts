import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import type { Blobs } from "#core/artifacts/blobs.ts";
import type { BaseConfig, Config } from "#core/config.ts";
import type { Environment } from "#core/settings.ts";
import { type Assembler, assembler } from "./assembler.ts";
import type { BaseSource } from "./bases/base-source.ts";
import type { BaseChoice } from "./bases/choose-base.ts";
import { debianBase } from "./bases/debian-base.ts";
import { imageBase } from "./bases/image-base.ts";
import { statedPython } from "./bases/known-pythons.ts";
import type { Twin } from "./bases/twin.ts";
import { toolNetwork, trustedAuthorities } from "./build-network.ts";
import type { Registries } from "./registries/open-registries.ts";
import { openRegistryClient, type RegistryClient } from "./registry-client/client.ts";
import { fixedLogin } from "./registry-client/credential-source.ts";
import { type ImageReference, parseReference } from "./registry-client/reference.ts";
import { runtimeFolder } from "./runtimes/runtime-source.ts";
import type { RuntimeSteps } from "./runtimes/runtime-steps.ts";
import { toolEnvironment } from "./tool-environment.ts";

export interface OpenAssemblerNeeds extends Blobs {
  config: Pick<Config, "bases" | "tools" | "wheels" | "ca" | "network" | "scratchDir" | "cacheDir">;
  registries: Registries;
  /** This process's: tools get from it what they may know. */
  environment: Environment;
  steps: RuntimeSteps | null;
}

/** The assembler as the settings describe it. */
export function openAssembler({ db, blobs, config, registries, environment, steps }: OpenAssemblerNeeds): Assembler {
  const tools = { ...toolEnvironment(environment), ...toolNetwork(config.network, bundleFile(config)) };
  return assembler({
    db,
    blobs,
    steps,
    wheels: config.wheels,
    bases: config.bases.map((base) => baseOf(base, { db, blobs, config, registries }, tools)),
    uv: {
      file: config.tools.uv,
      cacheDir: `${config.cacheDir}/uv`,
      environment: tools,
      torchIndex: config.network.torchIndex,
    },
    scratchDir: config.scratchDir,
    cacheDir: config.cacheDir,
    runtimeFolder,
  });
}

/** Written anew by each process; tools read it. */
function bundleFile({ network, cacheDir }: OpenAssemblerNeeds["config"]): string | null {
  const bundle = trustedAuthorities(network);
  if (bundle === null) return null;
  const file = `${cacheDir}/authorities.pem`;
  mkdirSync(cacheDir, { recursive: true });
  writeFileSync(`${file}.${process.pid}`, bundle);
  renameSync(`${file}.${process.pid}`, file);
  return file;
}

function baseOf(
  base: BaseConfig,
  { db, blobs, config, registries }: Omit<OpenAssemblerNeeds, "environment" | "steps">,
  environment: Record<string, string>,
): BaseChoice {
  const python = statedPython(base);
  if (base.from === "debian") return { python, source: debianOf({ db, blobs, config }, base.suite, environment) };
  const reference = parseReference(base.reference);
  const { credentials } = base;
  const connect = () => clientOf(reference, credentials, registries, config);
  return {
    python,
    source: (packages, twin) => (packages.length === 0 ? imageBase({ db, blobs }, { reference, connect, twin }) : null),
  };
}

function debianOf(
  { db, blobs, config }: Omit<OpenAssemblerNeeds, "environment" | "steps" | "registries">,
  suite: string,
  environment: Record<string, string>,
): (packages: readonly string[], twin: Twin | null) => BaseSource {
  const { tools, scratchDir, network } = config;
  const { mmdebstrap } = tools;
  return (packages, twin) =>
    debianBase({ db, blobs }, { suite, packages, twin, mmdebstrap, scratchDir, network, environment });
}

/** With its own login where it has one, else with that of the registry that the reference leads to; anonymous where it
 *  is none that Slipway knows. */
async function clientOf(
  reference: ImageReference,
  credentials: { username: string; password: string } | null,
  registries: Registries,
  { ca }: Pick<Config, "ca">,
): Promise<RegistryClient> {
  if (credentials !== null)
    return openRegistryClient({
      host: reference.host,
      login: fixedLogin(credentials, "SLIPWAY_BASE_USERNAME and SLIPWAY_BASE_PASSWORD"),
      ca,
    });
  const registry = await registries.ofReference(reference);
  return registry?.client ?? openRegistryClient({ host: reference.host, ca });
}
