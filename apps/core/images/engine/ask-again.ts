import { setTimeout as sleep } from "node:timers/promises";

const tries = 5;
const everyMs = 200;

/** An engine that is at work on what it is asked of answers for a moment with what is no longer so, or with an error: it is
 *  asked for a second. Throws what it said last. */
export async function askAgain<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await ask();
    } catch (error) {
      if (tried === tries || signal.aborted) throw error;
    }
    await sleep(everyMs, undefined, { signal });
  }
}
