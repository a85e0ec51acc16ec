import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { EngineConfig } from "#core/config.ts";
import { messageOf } from "#core/errors.ts";
import { within } from "#core/within.ts";
import { type BuildContext, BuildFault } from "../image-builder.ts";
import { megabytes } from "../measures.ts";
import { blameForError, StepFailed } from "./blame.ts";
import { requireEngine } from "./engine-answers.ts";
import type { EngineRun } from "./labels.ts";
import { openStepLog, textLines } from "./log-lines.ts";
import type { Engine } from "./open-engine.ts";
import { removeRun } from "./remove-leftovers.ts";
import { readRows } from "./rows.ts";
import { whileHeld } from "./watch-run.ts";
import { whyKilled } from "./why-killed.ts";

const answerMs = 60_000;
const lateMs = 2_000;

export interface EngineBuild {
  run: EngineRun;
  /** The build's context as a tar archive, the Dockerfile at `dockerfile` in it; read once and destroyed. */
  context: Readable;
  dockerfile: string;
  /** By registry host, for what FROM names. */
  credentials: Readonly<Record<string, { username: string; password: string }>>;
  /** Docker's predefined ones alone: they are in no history. */
  buildArguments: Readonly<Record<string, string>>;
  limits: EngineConfig["limits"];
  network: string;
  /** Done in the engine before it builds, within the same limits. */
  prepare?(context: BuildContext): Promise<void>;
}

/** Has the engine build an image, gives it to `take`, and removes everything of the run, whatever happens: containers and
 *  images. The classic builder: its steps are containers that can be limited. Throws `BuildFault` where the package is to blame. */
export async function runEngineBuild<T>(
  engine: Engine,
  build: EngineBuild,
  { log, signal }: BuildContext,
  take: (image: Docker.ImageInspectInfo, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const limit = AbortSignal.timeout(build.limits.timeMs);
  let imageId: string | null = null;
  const all = AbortSignal.any([signal, limit, stop.signal]);
  try {
    await requireEngine(engine);
    await build.prepare?.({ log, signal: all });
    const body = await startBuild(engine, build, all);
    imageId = await followBuild(engine, build, body, { log, signal: all }, stop);
    return await take(await within(answerMs, engine.docker.getImage(imageId).inspect()), all);
  } catch (error) {
    signal.throwIfAborted();
    if (stop.signal.aborted) throw stop.signal.reason;
    if (error instanceof StepFailed && [137, 143].includes(error.exitCode))
      throw await whyKilled(engine, build.run, error);
    if (limit.aborted)
      throw new BuildFault(
        "build_limit_exceeded",
        `the build took longer than the ${build.limits.timeMs / 1_000} s that it may`,
      );
    throw error;
  } finally {
    build.context.destroy();
    await removeLeft(engine, build.run.id, imageId, log);
    // Told to stop, it may yet end what it is at, and keep that.
    if (all.aborted) {
      await sleep(lateMs);
      await removeLeft(engine, build.run.id, imageId, log);
    }
  }
}

/** Where the engine is away, the sweep finds it when it is back. */
async function removeLeft(
  engine: Engine,
  runId: string,
  imageId: string | null,
  log: BuildContext["log"],
): Promise<void> {
  await removeRun(engine, runId, imageId).catch((error: unknown) =>
    log(`what the build left in the engine is removed later: ${messageOf(error)}`),
  );
}

async function startBuild(engine: Engine, build: EngineBuild, signal: AbortSignal): Promise<Readable> {
  const { limits, buildArguments } = build;
  const options = {
    dockerfile: build.dockerfile,
    rm: true,
    forcerm: true,
    memory: limits.memoryBytes,
    memswap: limits.memoryBytes,
    cpuperiod: 100_000,
    cpuquota: limits.cpus * 100_000,
    networkmode: build.network,
    buildargs: { ...buildArguments },
    // dockerode would send standard base64, and the engine reads the one for URLs, and ignores what it cannot read.
    registryconfig: { base64: Buffer.from(JSON.stringify(build.credentials)).toString("base64url") },
    abortSignal: signal,
  };
  // The context may fail before the engine answers; then the request fails with it.
  build.context.on("error", () => {});
  const body = await engine.docker
    .buildImage(build.context, options as unknown as Docker.ImageBuildOptions)
    .catch((error: unknown) => {
      throw build.context.errored ?? refusedAtOnce(error, build);
    });
  // An engine that is killed breaks the connection, once more after everybody has left.
  body.on("error", () => {});
  return body as Readable;
}

/** A Dockerfile that cannot be read is refused by status 400, before anything is built. */
function refusedAtOnce(error: unknown, { limits }: EngineBuild): unknown {
  const { statusCode } = error as { statusCode?: number };
  if (statusCode !== 400) return error;
  return blameForError(
    messageOf(error)
      .replace(/^\(HTTP code 400\).*? - /, "")
      // Counted with our own lines.
      .replace(/ line \d+(?=: )/, ""),
    { lastLine: "", limits, refused: true },
  );
}

/** Reads what the engine says to its real end. Resolves with the image's id, which only a build that succeeded has. */
async function followBuild(
  engine: Engine,
  { run, limits, context }: EngineBuild,
  body: Readable,
  { log, signal }: BuildContext,
  stop: AbortController,
): Promise<string> {
  const steps = openStepLog(limits, log);
  const read = async (look: () => void): Promise<string | null> => {
    let imageId: string | null = null;
    for await (const row of readRows(body)) {
      if (row.error !== undefined || row.errorDetail !== undefined)
        throw blameForError(row.errorDetail?.message ?? row.error ?? "", { lastLine: steps.lastLine, limits });
      imageId = row.aux?.ID ?? imageId;
      for (const line of textLines(row.stream)) {
        if (!steps.count(line)) continue;
        // Any step can print it.
        if (/^ ---> Running in [0-9a-f]+$/.test(line)) look();
        else if (!/^ ?--->|^Removing intermediate container/.test(line)) steps.say(line);
      }
    }
    return imageId;
  };
  const held = { run, limits, output: body, signal, stop };
  const imageId = await whileHeld(engine, held, read).catch((error: unknown) => {
    if (context.errored !== null) throw context.errored;
    // Of a connection that broke Node says no more than "aborted".
    if (body.errored === error && !signal.aborted)
      throw new Error(`the Docker Engine at ${engine.host} broke off in the middle of the build (${messageOf(error)})`);
    throw error;
  });
  if (imageId === null) throw new Error("the engine ended the build without an image and without a reason");
  const { Size } = await within(answerMs, engine.docker.getImage(imageId).inspect());
  if (Size > limits.diskBytes)
    throw new BuildFault(
      "build_limit_exceeded",
      `the image is larger than the ${megabytes(limits.diskBytes)} that it may be`,
    );
  return imageId;
}
