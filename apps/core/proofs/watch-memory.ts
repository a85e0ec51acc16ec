import { setTimeout as sleep } from "node:timers/promises";
import { readMemory } from "#core/images/engine/run-container.ts";
import type { Container } from "./server-under-test.ts";

export interface MemoryWatch {
  /** The most that was seen; null where nothing was. */
  peakBytes(): Promise<number | null>;
  stop(): void;
}

const everyMs = 250;

/** Looks at the memory of a container until `stop`, and once more when it is asked for the peak. A look that fails (it does
 *  not run yet, or no longer) is passed over. */
export function watchMemory(container: Container): MemoryWatch {
  const stopped = new AbortController();
  let peak = 0;
  const look = async () => {
    peak = Math.max(peak, (await readMemory(container).catch(() => null)) ?? 0);
  };
  const watching = (async () => {
    while (!stopped.signal.aborted) {
      await look();
      await sleep(everyMs, undefined, { signal: stopped.signal }).catch(() => {});
    }
  })();
  return {
    async peakBytes() {
      stopped.abort();
      await watching;
      await look();
      return peak === 0 ? null : Math.round(peak);
    },
    stop: () => stopped.abort(),
  };
}
