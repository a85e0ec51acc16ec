import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { EngineConfig } from "#core/config.ts";
import { BuildFault } from "../image-builder.ts";
import { megabytes } from "../measures.ts";
import { askAgain } from "./ask-again.ts";
import { statusOf, wordsOf } from "./engine-answers.ts";
import { type EngineRun, runLabel } from "./labels.ts";
import type { Engine } from "./open-engine.ts";
import { labelledContainers } from "./run-container.ts";

const everyMs = 2_000;
/** Between two looks, however often one is asked for. */
const leastMs = 100;
const answerMs = 60_000;

type Limits = Pick<EngineConfig["limits"], "processes" | "diskBytes">;

/** What is read of a run, and what ends it. */
export interface HeldOutput {
  run: EngineRun;
  limits: Limits;
  output: Readable;
  /** Aborted by `stop`, too. */
  signal: AbortSignal;
  /** Aborted where the run cannot be held, or goes past what it may: by what it did. */
  stop: AbortController;
}

/** Reads the output of a run while its containers are held to what a build itself cannot be told: how many processes they may
 *  have, and how much they may write. They are found by the run's label, never by what a step prints; `look` only says that
 *  there may be a new one. The output ends with the signal, and with `read`. */
export async function whileHeld<T>(
  engine: Engine,
  { run, limits, output, signal, stop }: HeldOutput,
  read: (look: () => void) => Promise<T>,
): Promise<T> {
  const ended = new AbortController();
  const { look, done } = watchRun(engine, run, limits, ended.signal);
  const watched = done.catch((fault: unknown) => stop.abort(fault));
  const destroy = (): void => void output.destroy(signal.reason as Error);
  signal.addEventListener("abort", destroy, { once: true });
  try {
    return await read(look);
  } finally {
    signal.removeEventListener("abort", destroy);
    output.destroy();
    ended.abort();
    await watched;
  }
}

/** `done` resolves when `ended` aborts, and rejects with what a step did, or where it cannot be held. */
function watchRun(
  engine: Engine,
  run: EngineRun,
  limits: Limits,
  ended: AbortSignal,
): { look(): void; done: Promise<void> } {
  let pause = new AbortController();
  const watch = async (): Promise<void> => {
    const held = new Set<string>();
    for (let measuredAt = 0; !ended.aborted; ) {
      pause = new AbortController();
      const isDue = performance.now() - measuredAt >= everyMs;
      if (isDue) measuredAt = performance.now();
      const limit = AbortSignal.any([ended, AbortSignal.timeout(answerMs)]);
      const steps = await askAgain(() => labelledContainers(engine, `${runLabel}=${run.id}`, limit), limit);
      for (const { id } of steps) {
        const container = engine.docker.getContainer(id);
        if (!held.has(id)) await limitProcesses(container, limits, limit);
        held.add(id);
        if (isDue) await checkWritten(container, limits, limit);
      }
      await sleep(leastMs, undefined, { signal: ended });
      await sleep(everyMs, undefined, { signal: AbortSignal.any([ended, pause.signal]) }).catch(() => {});
    }
  };
  const done = watch().catch((error: unknown) => {
    if (!ended.aborted) throw error;
  });
  return { look: () => pause.abort(), done };
}

async function limitProcesses(container: Docker.Container, { processes }: Limits, signal: AbortSignal): Promise<void> {
  await askAgain(async () => {
    try {
      const { Warnings: warnings } = await container.update({ PidsLimit: processes, abortSignal: signal });
      const refusal = ((warnings ?? []) as string[]).find((warning) => /pids/i.test(warning));
      if (refusal !== undefined) throw new Error(refusal);
    } catch (error) {
      // A step that is over needs no limit.
      const found = await gone(container.inspect({ abortSignal: signal }));
      if (found === null || !["created", "running", "paused"].includes(found.State.Status)) return;
      throw new Error(`the engine cannot limit the processes of a step: ${wordsOf(error)}`, { cause: error });
    }
  }, signal);
}

/** Throws `build_limit_exceeded` where a container has written more than it may. */
export async function checkWritten(
  container: Docker.Container,
  { diskBytes }: Limits,
  signal: AbortSignal,
): Promise<void> {
  // It takes an option, and gives an answer, that its types do not know.
  const inspect = container.inspect.bind(container) as unknown as (options: object) => Promise<{ SizeRw?: number }>;
  const found = await gone(inspect({ size: true, abortSignal: signal }));
  if ((found?.SizeRw ?? 0) > diskBytes)
    throw new BuildFault(
      "build_limit_exceeded",
      `a step of the build wrote more than the ${megabytes(diskBytes)} that it may`,
    );
}

/** Null for a container that is no more. */
async function gone<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}
