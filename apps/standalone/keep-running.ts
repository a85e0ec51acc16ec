import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "#core/errors.ts";
import { type Child, describeExit } from "./child.ts";
import { guardLiveness, type Liveness } from "./guard-liveness.ts";
import type { Voice } from "./voice.ts";

/** A part that is started again whenever it ends by itself, or is killed for want of liveness. */
export interface KeptRunning {
  stop(graceMs: number): Promise<void>;
}

const backoff = { firstMs: 500, longestMs: 30_000 };
/** Who has lived this long has earned a quick restart. */
const steadyAfterMs = 60_000;

/** Resolves when the part runs; fails when its first start does. */
export async function keepRunning(
  startChild: () => Promise<Child>,
  voice: Voice,
  liveness: Liveness | null = null,
): Promise<KeptRunning> {
  const stopping = new AbortController();
  const start = async () => {
    const started = await startChild();
    if (liveness !== null)
      guardLiveness(started, liveness, voice).catch((error: unknown) =>
        voice.warn(`${started.name} is no longer watched over: ${messageOf(error)}`),
      );
    return started;
  };
  let child = await start();

  const watch = async () => {
    let waitMs = backoff.firstMs;
    let startedAt = Date.now();
    while (true) {
      const exit = await child.exited;
      if (stopping.signal.aborted) return;
      if (Date.now() - startedAt > steadyAfterMs) waitMs = backoff.firstMs;
      voice.warn(`${child.name} ended ${describeExit(exit)}; it is started again in ${waitMs / 1000} s`);
      for (let running = false; !running; waitMs = Math.min(waitMs * 2, backoff.longestMs)) {
        await sleep(waitMs, null, { signal: stopping.signal });
        startedAt = Date.now();
        running = await start().then(
          (started) => {
            child = started;
            return true;
          },
          (error) => {
            voice.warn(`${child.name} could not be started again: ${messageOf(error)}`);
            return false;
          },
        );
      }
      if (stopping.signal.aborted) return child.kill();
      voice.say(`${child.name} runs again`);
    }
  };
  watch().catch((error) => {
    if (!stopping.signal.aborted) throw error;
  });

  return {
    async stop(graceMs) {
      stopping.abort();
      await child.stop(graceMs);
    },
  };
}
