import { setTimeout as sleep } from "node:timers/promises";
import type { Child } from "./child.ts";
import type { Voice } from "./voice.ts";
import { statusOf } from "./wait-for-http.ts";

/** How a part shows that it is well: `url` answers 200. */
export interface Liveness {
  url: string;
  everyMs: number;
  /** Checks in a row that may fail; checks and not time, since a machine that slept has missed none. */
  failuresLimit: number;
  /** As many before the first that went well. */
  startLimit: number;
}

/** 21 s without a good answer, a minute for the start. */
export const patience = { everyMs: 3_000, failuresLimit: 7, startLimit: 20 };

/** Kills a child that lives and is not well, with all that it started; whoever keeps it running starts it again.
 *  Resolves when the child is gone. */
export async function guardLiveness(child: Child, liveness: Liveness, voice: Voice): Promise<void> {
  const { url, everyMs, failuresLimit, startLimit } = liveness;
  const gone = new AbortController();
  child.exited.then(() => gone.abort());
  let wasWell = false;
  let failures = 0;
  while (!gone.signal.aborted) {
    await sleep(everyMs, undefined, { signal: gone.signal }).catch(() => {});
    if (gone.signal.aborted) return;
    const status = await statusOf(url);
    if (status === 200) {
      wasWell = true;
      failures = 0;
    } else if (++failures >= (wasWell ? failuresLimit : startLimit)) {
      const answer = status === null ? "does not answer" : `answers ${status}`;
      voice.warn(`${child.name} ${answer} at ${url}, ${failures} times in a row; it is killed`);
      child.kill();
      return;
    }
  }
}
