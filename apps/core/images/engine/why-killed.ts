import type { Readable } from "node:stream";
import { messageOf } from "#core/errors.ts";
import { within } from "#core/within.ts";
import type { StepFailed } from "./blame.ts";
import { type EngineRun, runLabel } from "./labels.ts";
import type { Engine } from "./open-engine.ts";
import { readRows } from "./rows.ts";

const answerMs = 10_000;

/** Who ended a step by a signal. Its own memory is the package's fault; an engine that is stopped ends steps as well, and
 *  says nothing of memory, or nothing at all. */
export async function whyKilled({ docker }: Engine, run: EngineRun, failed: StepFailed): Promise<Error> {
  const byOthers = (why: string): Error =>
    new Error(`a step was killed, and not for its memory (${why}): ${failed.message}`, { cause: failed });
  try {
    // By the engine's clock; an answer with an end in the past is complete.
    const { SystemTime: now }: { SystemTime: string } = await within(answerMs, docker.info());
    const filters = { event: ["oom"], label: [`${runLabel}=${run.id}`] };
    const until = Math.ceil(Date.parse(now) / 1_000);
    const events = (await within(
      answerMs,
      docker.getEvents({ since: 1, until, filters: JSON.stringify(filters) }),
    )) as unknown as Readable;
    try {
      const first = await within(answerMs, readRows(events).next());
      return first.done === true ? byOthers("its engine may have been stopped") : failed;
    } finally {
      events.on("error", () => {}).destroy();
    }
  } catch (error) {
    return byOthers(messageOf(error));
  }
}
