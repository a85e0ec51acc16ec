import { setTimeout as sleep } from "node:timers/promises";

/** Wakes one that waits, in this process. A ring that comes while nobody waits is heard at once by who waits next; many are
 *  heard as one. */
export interface Bell {
  ring(): void;
  /** Resolves at a ring, and without one when the time is over or `ending` has aborted. */
  heard(limitMs: number, ending: AbortSignal): Promise<void>;
}

export function makeBell(): Bell {
  let rung = false;
  let wake = () => {};
  return {
    ring() {
      rung = true;
      wake();
    },
    async heard(limitMs, ending) {
      if (!rung) {
        const woken = new AbortController();
        wake = () => woken.abort();
        await sleep(limitMs, undefined, { signal: AbortSignal.any([woken.signal, ending]) }).catch(() => {});
      }
      rung = false;
    },
  };
}
