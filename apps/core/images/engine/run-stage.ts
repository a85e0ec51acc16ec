import type Docker from "dockerode";
import type { Config } from "#core/config.ts";
import { execForm } from "#core/packaging/dockerfile-text.ts";
import type { Base } from "../bases/base-source.ts";
import { nameOfBase } from "../bases/known-pythons.ts";
import { networkFiles, proxyArguments } from "../build-network.ts";
import { type BuildContext, BuildFault } from "../image-builder.ts";
import { bytesEntry, tarStream } from "../layers/tar.ts";
import { shareWork } from "../shared-work.ts";
import { StepFailed } from "./blame.ts";
import { type DebianBuildBase, ensureDebianBuildBase } from "./build-base.ts";
import { type EngineRun, labelInstruction, newRun } from "./labels.ts";
import type { Engine } from "./open-engine.ts";
import { runEngineBuild } from "./run-engine-build.ts";
import { stepExits } from "./step-scripts.ts";

export interface GeneratedNeeds {
  engine: Engine;
  config: Pick<Config, "engine" | "network" | "bases" | "registry" | "tools" | "scratchDir">;
  /** For mmdebstrap. */
  environment: Readonly<Record<string, string>>;
}

export interface Stage {
  /** Run with what the company's network needs in /slipway/net. */
  script: string;
  /** In /slipway, by name. */
  files: Readonly<Record<string, string>>;
  /** What the image is given of it; by default it is the stage itself. */
  last?: readonly string[];
}

/** An image that is there until `take` is done with it. */
export interface StageImage {
  image: Docker.ImageInspectInfo;
  run: EngineRun;
  signal: AbortSignal;
}

export type RunStage = <T>(
  base: Base,
  stage: Stage,
  context: BuildContext,
  take: (made: StageImage) => Promise<T>,
) => Promise<{ taken: T; dockerfile: string }>;

/** Runs a script of ours on the base (or, where that has no shell, on a Debian of the same suite), as a stage of a
 *  Dockerfile. What it can read of the company's network may hold passwords: no package's code runs there. */
export function runStage(needs: GeneratedNeeds): RunStage {
  const share = shareWork<string>();
  return async (base, { script, files, last = [] }, context, take) => {
    const { engine, config } = needs;
    const { limits, network } = config.engine;
    const suite = suiteOf(base);
    const from =
      suite === null
        ? imageReference(config, base)
        : await share(suite, context, (shared) => ensureDebianBuildBase(engine, debianBuildBase(needs, suite), shared));
    const run = newRun(limits.timeMs);
    const dockerfile = [
      `FROM ${from} AS build`,
      labelInstruction(run),
      "USER 0:0",
      "COPY slipway/ /slipway/",
      execForm("RUN", ["/bin/sh", "/slipway/step.sh"]),
      ...last.flatMap((line) => (line.startsWith("FROM ") ? [line, labelInstruction(run)] : [line])),
      "",
    ].join("\n");
    const given = {
      Dockerfile: dockerfile,
      "slipway/step.sh": script,
      ...within("slipway", files),
      ...within("slipway/net", networkFiles(config.network, suite)),
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
    const taken = await runEngineBuild(engine, build, context, (image, signal) => take({ image, run, signal }));
    return { taken, dockerfile: dockerfile.replaceAll(`${labelInstruction(run)}\n`, "") };
  };
}

/** A script says by its exit code who is to blame. */
export function blameForStep(error: unknown): unknown {
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

function debianBuildBase({ config, environment }: GeneratedNeeds, suite: string): DebianBuildBase {
  const { tools, scratchDir, network } = config;
  return { suite, mmdebstrap: tools.mmdebstrap, scratchDir, environment, network };
}

/** Of a base that is an image, where the operator's settings still name it. */
function imageReference({ bases }: Pick<Config, "bases">, { source }: Base): string {
  const named = bases.find((base) => base.from === "image" && nameOfBase(base) === source);
  if (named?.from !== "image") throw new Error(`SLIPWAY_BASE does not name ${source} any more`);
  return named.reference;
}

/** Not known of an image: its own sources stay. */
function suiteOf(base: Base): string | null {
  return /^debian:([^+]+)/.exec(base.source)?.[1] ?? null;
}

type Logins = Record<string, { username: string; password: string }>;

/** By registry host. An access key of a cloud is no login. */
function baseCredentials({ bases, registry }: Pick<Config, "bases" | "registry">): Logins {
  const { host, auth, credentials } = registry;
  return { ...(auth === "password" && credentials !== null ? { [host]: credentials } : {}), ...baseLogin({ bases }) };
}

/** What the operator gave for bases alone. */
export function baseLogin({ bases }: Pick<Config, "bases">): Logins {
  return Object.fromEntries(
    bases.flatMap((base) =>
      base.from === "image" && base.credentials !== null
        ? [[base.reference.split("/", 1)[0] ?? "", base.credentials]]
        : [],
    ),
  );
}

function within(folder: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]));
}
