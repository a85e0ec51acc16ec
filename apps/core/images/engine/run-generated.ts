import { createReadStream } from "node:fs";
import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "#core/config.ts";
import { execForm } from "#core/packaging/dockerfile-text.ts";
import type { Base } from "../bases/base-source.ts";
import { unpackInto } from "../bases/unpack.ts";
import { networkFiles, proxyArguments } from "../build-network.ts";
import { type BuildContext, BuildFault } from "../image-builder.ts";
import { bytesEntry, tarStream } from "../layers/tar.ts";
import { shareWork } from "../shared-work.ts";
import { StepFailed } from "./blame.ts";
import { type DebianBuildBase, ensureDebianBuildBase } from "./build-base.ts";
import { exportImage } from "./export-image.ts";
import { labelInstruction, newRun } from "./labels.ts";
import type { Engine } from "./open-engine.ts";
import { runEngineBuild } from "./run-engine-build.ts";
import { stepExits } from "./step-scripts.ts";

export interface GeneratedNeeds {
  engine: Engine;
  config: Pick<Config, "engine" | "network" | "base" | "registry" | "tools" | "scratchDir">;
  /** For mmdebstrap. */
  environment: Readonly<Record<string, string>>;
}

export interface GeneratedStep {
  script: string;
  /** Beside the script, by name. */
  files: Readonly<Record<string, string>>;
  /** Where the step's output goes: an empty folder. */
  folder: string;
}

export type RunGenerated = (base: Base, step: GeneratedStep, context: BuildContext) => Promise<{ dockerfile: string }>;

/** Runs a script of ours on the base (or, where that has no shell, on a Debian of the same suite), in a Dockerfile of two
 *  stages whose last holds the output and nothing else, and lays the output out in a folder. */
export function runGenerated(needs: GeneratedNeeds): RunGenerated {
  const share = shareWork<string>();
  const debian = debianBuildBase(needs);
  return async (base, { script, files, folder }, context) => {
    const { engine, config } = needs;
    const { limits, network } = config.engine;
    const from =
      debian === null
        ? imageReference(config)
        : await share("debian", context, (shared) => ensureDebianBuildBase(engine, debian, shared));
    const run = newRun(limits.timeMs);
    const dockerfile = [
      `FROM ${from} AS build`,
      labelInstruction(run),
      "USER 0:0",
      "COPY slipway/ /slipway/",
      execForm("RUN", ["/bin/sh", "/slipway/step.sh"]),
      "FROM scratch",
      labelInstruction(run),
      "COPY --from=build /slipway/out/ /",
      "",
    ].join("\n");
    const secret = networkFiles(config.network, debian?.suite ?? suiteOf(base));
    const given = {
      Dockerfile: dockerfile,
      "slipway/step.sh": script,
      ...within("slipway", files),
      ...within("slipway/net", secret),
    };
    const build = {
      run,
      context: tarStream(Object.entries(given).map(([path, text]) => bytesEntry(path, text))),
      dockerfile: "Dockerfile",
      credentials: baseCredentials(config),
      buildArguments: proxyArguments(config.network),
      limits,
      network,
    };
    await runEngineBuild(engine, build, context, async (image, signal) => {
      const saved = await mkdtemp(join(folder, "saved-"));
      const { layers } = await exportImage(engine, image.Id, saved, signal);
      await mkdir(join(folder, "out"), { recursive: true });
      for (const { file } of layers) await unpackInto(join(folder, "out"), [createReadStream(file)], { signal });
    }).catch((error: unknown) => {
      throw blameForStep(error);
    });
    return { dockerfile: dockerfile.replaceAll(`${labelInstruction(run)}\n`, "") };
  };
}

/** The script says by its exit code who is to blame. */
function blameForStep(error: unknown): unknown {
  if (!(error instanceof StepFailed)) return error;
  const said = error.message.replace(/^.*? ended with \d+: /, "");
  if (error.exitCode === stepExits.part)
    return new Error(`the engine could not fetch what it needs: ${said}`, { cause: error });
  if (error.exitCode === stepExits.unavailable)
    return new BuildFault("system_packages_unavailable", `the system packages cannot be had: ${said}`, {
      cause: error,
    });
  return error;
}

function debianBuildBase({ config, environment }: GeneratedNeeds): DebianBuildBase | null {
  if (config.base.from !== "debian") return null;
  const { tools, scratchDir, network } = config;
  return { suite: config.base.suite, mmdebstrap: tools.mmdebstrap, scratchDir, environment, network };
}

function imageReference({ base }: Pick<Config, "base">): string {
  return base.from === "image" ? base.reference : "";
}

/** Not known of an image: its own sources stay. */
function suiteOf(base: Base): string | null {
  return /^debian:(.+)$/.exec(base.source)?.[1] ?? null;
}

type Logins = Record<string, { username: string; password: string }>;

/** By registry host. An access key of a cloud is no login. */
function baseCredentials({ base, registry }: Pick<Config, "base" | "registry">): Logins {
  const { host, auth, credentials } = registry;
  return { ...(auth === "password" && credentials !== null ? { [host]: credentials } : {}), ...baseLogin({ base }) };
}

/** What the operator gave for the base alone. */
export function baseLogin({ base }: Pick<Config, "base">): Logins {
  if (base.from !== "image" || base.credentials === null) return {};
  return { [base.reference.split("/", 1)[0] ?? ""]: base.credentials };
}

function within(folder: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]));
}
