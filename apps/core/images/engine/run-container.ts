import { resolve } from "node:path/posix";
import type { Duplex, Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Container, ContainerInspectInfo, ContainerStats } from "dockerode";
import { within } from "#core/within.ts";
import { statusOf } from "./engine-answers.ts";
import { readMultiplexed } from "./multiplexed.ts";
import type { Engine } from "./open-engine.ts";

export interface ContainerOptions {
  image: string;
  labels: Record<string, string>;
  memoryBytes: number;
  cpus: number;
  /** Its own health check may fail for so long before the engine calls it unhealthy; null: it is not made at all. */
  startPeriodMs: number | null;
  /** Instead of the image's own; its standard input stays open. */
  command?: string[];
  /** A folder to be filled before its start, which goes with it; it cannot write there. */
  volume?: string;
  /** A running container whose loopback it shares. */
  beside?: Container;
}

export interface ContainerState {
  running: boolean;
  exitCode: number;
  outOfMemory: boolean;
  startedAt: Date;
  /** When its own health check first said so; `undefined` where the image has none. */
  healthyAt: Date | null | undefined;
}

export interface Ran {
  exitCode: number;
  stdout: string;
  stderr: string;
}

const millisecond = 1_000_000; // in the engine's nanoseconds
const mostProcesses = 512;
/** Of the log that the engine keeps; what is older goes. */
const keptLog = { "max-size": "1m", "max-file": "2" };
const inMemory = { SizeBytes: 64 * 1024 * 1024, Mode: 0o1777 };
const answerMs = 30_000;
const removalMs = 60_000;
const removeAgainMs = 1_000;

/** Makes a container that is held as production should hold it: read-only root, a `/tmp` in memory, no capabilities, no
 *  new privileges, user 65532, limits on memory, processors and processes, and no network but the loopback. Volumes that the
 *  image declares are empty and in memory, too: the engine's own would be on its disk, without a limit. It is not started. */
export async function createContainer(
  engine: Engine,
  { image, labels, memoryBytes, cpus, startPeriodMs, command, volume, beside }: ContainerOptions,
  signal: AbortSignal,
): Promise<Container> {
  const { NCPU: processors }: { NCPU: number } = await within(answerMs, engine.docker.info());
  const { Config: config } = await within(answerMs, engine.docker.getImage(image).inspect());
  return engine.docker.createContainer({
    Image: image,
    Labels: labels,
    User: "65532:65532",
    ...(command === undefined ? {} : { Cmd: command, OpenStdin: true }),
    ...(volume === undefined ? {} : { Volumes: { [volume]: {} }, Entrypoint: [] }),
    // The image's own check; before Engine 25 one cannot have it asked more often at the start alone.
    Healthcheck:
      startPeriodMs === null
        ? { Test: ["NONE"] }
        : { Interval: 500 * millisecond, StartPeriod: startPeriodMs * millisecond },
    HostConfig: {
      ReadonlyRootfs: true,
      Mounts: pathsInMemory(config.Volumes).map((path) => ({
        Type: "tmpfs",
        Source: "",
        Target: path,
        TmpfsOptions: inMemory,
      })),
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      NetworkMode: beside === undefined ? "none" : `container:${beside.id}`,
      Memory: memoryBytes,
      MemorySwap: memoryBytes,
      NanoCpus: Math.min(cpus, processors) * 1_000 * millisecond,
      PidsLimit: mostProcesses,
      LogConfig: { Type: "json-file", Config: keptLog },
    },
    abortSignal: signal,
  });
}

/** Lays an archive into the volume of a container that has not been started. */
export async function fillVolume(
  container: Container,
  { volume, archive }: { volume: string; archive: Readable },
  signal: AbortSignal,
): Promise<void> {
  await container.putArchive(archive, { path: volume, abortSignal: signal } as { path: string });
}

/** `/tmp`, and what the image declares as volumes, each once. */
function pathsInMemory(volumes: Record<string, unknown> | null | undefined): string[] {
  return [...new Set(["/tmp", ...Object.keys(volumes ?? {}).map((path) => resolve("/", path))])];
}

export async function readState(container: Container, signal: AbortSignal): Promise<ContainerState> {
  const { State: state } = await container.inspect({ abortSignal: signal });
  return {
    running: state.Running,
    exitCode: state.ExitCode,
    outOfMemory: state.OOMKilled,
    startedAt: new Date(state.StartedAt),
    healthyAt: healthyAt(state.Health),
  };
}

function healthyAt(health: ContainerInspectInfo["State"]["Health"]): Date | null | undefined {
  if (health === undefined) return undefined;
  if (health.Status !== "healthy") return null;
  const first = health.Log.find(({ ExitCode }) => ExitCode === 0);
  return new Date(first?.Start ?? Date.now());
}

/** What it holds in memory now, without the files that the kernel keeps at hand; null where that is not told. */
export async function readMemory(container: Container): Promise<number | null> {
  const stats = container.stats({ stream: false, "one-shot": true }) as Promise<Partial<ContainerStats>>;
  const { memory_stats: memory } = await within(answerMs, stats);
  if (memory?.usage === undefined) return null;
  const { inactive_file: second, total_inactive_file: first } = memory.stats as unknown as Record<string, number>;
  return memory.usage - (first ?? second ?? 0);
}

/** Runs a program in a running container, with `input` as its standard input. Throws where it writes more than
 *  `mostBytes`. */
export async function execute(
  container: Container,
  { command, input, mostBytes }: { command: string[]; input: string; mostBytes: number },
  signal: AbortSignal,
): Promise<Ran> {
  const attached = { AttachStdin: true, AttachStdout: true, AttachStderr: true };
  const exec = await container.exec({ Cmd: command, ...attached, abortSignal: signal });
  const socket = await exec.start({ hijack: true, stdin: true, abortSignal: signal });
  socket.on("error", () => {}); // an engine that is killed tells it more than once
  const stop = () => socket.destroy(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    signal.throwIfAborted();
    const said = await talk(socket, input, mostBytes);
    const { ExitCode: exitCode } = await exec.inspect({ abortSignal: signal });
    return { exitCode: exitCode ?? -1, ...said };
  } finally {
    signal.removeEventListener("abort", stop);
    socket.destroy();
  }
}

async function talk(socket: Duplex, input: string, mostBytes: number): Promise<{ stdout: string; stderr: string }> {
  socket.end(input);
  const parts = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  let seenBytes = 0;
  for await (const { from, bytes } of readMultiplexed(socket)) {
    seenBytes += bytes.length;
    if (seenBytes > mostBytes) throw new Error(`it wrote more than ${mostBytes} bytes`);
    parts[from].push(bytes);
  }
  return { stdout: Buffer.concat(parts.stdout).toString(), stderr: Buffer.concat(parts.stderr).toString() };
}

/** The last lines that it wrote, as far as the engine has kept them. */
export async function readLog(container: Container, lines: number, signal: AbortSignal): Promise<string> {
  const both = { stdout: true, stderr: true, follow: false } as const;
  const kept = await container.logs({ ...both, tail: lines, abortSignal: signal });
  const parts: Buffer[] = [];
  for await (const { bytes } of readMultiplexed(once(kept))) parts.push(bytes);
  return Buffer.concat(parts).toString().replaceAll("\u0000", "");
}

async function* once(buffer: Buffer): AsyncIterable<Buffer> {
  yield buffer;
}

/** Ends it where it runs, and takes it away with all that it wrote; one that is gone is gone. An engine that has thousands of
 *  its processes to kill says for a while that it could not (500), or that it is at it (409). */
export async function removeContainer(engine: Engine, id: string): Promise<void> {
  const limit = AbortSignal.timeout(removalMs);
  for (;;) {
    try {
      return await engine.docker.getContainer(id).remove({ force: true, v: true, abortSignal: limit });
    } catch (error) {
      const status = statusOf(error);
      if (status === 404) return;
      if (limit.aborted || (status !== 409 && status !== 500)) throw error;
      await sleep(removeAgainMs);
    }
  }
}

/** Every container, running or not, that has a label of this name, and what it says. */
export async function labelledContainers(
  engine: Engine,
  label: string,
  signal: AbortSignal,
): Promise<{ id: string; labels: Record<string, string> }[]> {
  const found = await engine.docker.listContainers({ all: true, filters: { label: [label] }, abortSignal: signal });
  return found.map(({ Id, Labels }) => ({ id: Id, labels: Labels }));
}
