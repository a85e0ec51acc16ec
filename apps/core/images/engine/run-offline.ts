import { mkdir } from "node:fs/promises";
import type { Readable } from "node:stream";
import type { Container, ContainerCreateOptions } from "dockerode";
import type { EngineConfig, NetworkConfig } from "#core/config.ts";
import { within } from "#core/within.ts";
import { unpackInto } from "../bases/unpack.ts";
import { bytesEntry, tarStream } from "../layers/tar.ts";
import { stepFailed } from "./blame.ts";
import { statusOf } from "./engine-answers.ts";
import { relay, relayFiles } from "./index-relay.ts";
import { labelsOf } from "./labels.ts";
import { containerLines, openStepLog } from "./log-lines.ts";
import type { Engine } from "./open-engine.ts";
import type { StageImage } from "./run-stage.ts";
import { checkWritten, whileHeld } from "./watch-run.ts";

export interface OfflineRun {
  /** Its path in the image. */
  script: string;
  /** Where what it left in /slipway/out goes, as `out`. */
  folder: string;
  limits: EngineConfig["limits"];
  /** Docker's name of the network that the relay sees. */
  engineNetwork: string;
  network: NetworkConfig;
  log(line: string): void;
}

const answerMs = 60_000;
const relayMemoryBytes = 256 * 1024 * 1024;

/** Runs a script of an image in a container without a network and without a secret, beside another one that has the
 *  files of the package indexes for it (index-relay.ts). Both are removed with the run. Throws `StepFailed`, and what went
 *  past its limits. */
export async function runOffline(
  engine: Engine,
  { image, run, signal }: StageImage,
  { script, folder, limits, engineNetwork, network, log }: OfflineRun,
): Promise<void> {
  const index = await startRelay(engine, { image, run, signal }, { limits, engineNetwork, network });
  const step = await engine.docker.createContainer(
    options({ image, run, signal }, limits, {
      command: ["/bin/sh", script],
      memoryBytes: limits.memoryBytes,
      // It may connect to the socket, and write nothing beside it.
      host: { NetworkMode: "none", VolumesFrom: [`${index.id}:ro`] },
    }),
  );
  await followStep(engine, step, { image, run, signal }, { script, limits, log });
  await checkWritten(step, limits, signal);
  await mkdir(folder, { recursive: true });
  const output = await step.getArchive({ path: "/slipway/out" }).catch((error: unknown) => {
    if (statusOf(error) === 404) return null;
    throw error;
  });
  if (output !== null) await unpackInto(folder, [output as Readable], { signal });
}

/** What it knows is in its own files: an environment would be told by the engine to all who ask. */
async function startRelay(
  engine: Engine,
  stage: StageImage,
  { limits, engineNetwork, network }: Pick<OfflineRun, "limits" | "engineNetwork" | "network">,
): Promise<Container> {
  const container = await engine.docker.createContainer({
    ...options(stage, limits, {
      command: ["python3", "/slipway/net/relay.py"],
      memoryBytes: relayMemoryBytes,
      host: { NetworkMode: engineNetwork },
    }),
    Volumes: { "/slipway/index": {} },
  });
  const files = Object.entries({ ...relayFiles(network), "relay.py": relay });
  const archive = tarStream(files.map(([name, text]) => bytesEntry(`slipway/net/${name}`, text)));
  await container.putArchive(archive, { path: "/", abortSignal: stage.signal } as { path: string });
  await container.start({ abortSignal: stage.signal });
  return container;
}

function options(
  { image, run, signal }: StageImage,
  limits: OfflineRun["limits"],
  {
    command,
    memoryBytes,
    host,
  }: { command: string[]; memoryBytes: number; host: NonNullable<ContainerCreateOptions["HostConfig"]> },
): ContainerCreateOptions {
  return {
    Image: image.Id,
    Labels: labelsOf(run),
    User: "0:0",
    WorkingDir: "/",
    Entrypoint: command,
    Cmd: [],
    Healthcheck: { Test: ["NONE"] },
    HostConfig: {
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      Memory: memoryBytes,
      MemorySwap: memoryBytes,
      CpuPeriod: 100_000,
      CpuQuota: limits.cpus * 100_000,
      PidsLimit: limits.processes,
      // The engine's own volumes would be on its disk, without a limit.
      Tmpfs: Object.fromEntries(Object.keys(image.Config.Volumes ?? {}).map((path) => [path, "size=64m"])),
      LogConfig: { Type: "none", Config: {} },
      ...host,
    },
    abortSignal: signal,
  };
}

/** Resolves when it ended with 0. */
async function followStep(
  engine: Engine,
  step: Container,
  { run, signal }: StageImage,
  { script, limits, log }: Pick<OfflineRun, "script" | "limits" | "log">,
): Promise<void> {
  const stop = new AbortController();
  const all = AbortSignal.any([signal, stop.signal]);
  const output = (await step.attach({
    stream: true,
    stdout: true,
    stderr: true,
    abortSignal: all,
  })) as unknown as Readable;
  output.on("error", () => {});
  const steps = openStepLog(limits, log);
  await whileHeld(engine, { run, limits, output, signal: all, stop }, async () => {
    await step.start({ abortSignal: all });
    for await (const line of containerLines(output)) if (steps.count(line)) steps.say(line);
    all.throwIfAborted();
  });
  const { StatusCode: exitCode }: { StatusCode: number } = await within(answerMs, step.wait());
  if (exitCode === 0) return;
  throw stepFailed(`/bin/sh ${script}`, exitCode, { lastLine: steps.lastLine, limits });
}
