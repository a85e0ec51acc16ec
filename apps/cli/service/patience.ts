import { setTimeout as sleep } from "node:timers/promises";

const longestPauseMs = 10_000;
/** As long as a restart of the service may take. */
const patienceMs = 120_000;

export interface Patience {
  /** Whoever gets further begins anew. */
  reset(): void;
  /** Waits until it is time to ask again; false where the time is over. Throws when the command is interrupted. */
  pause(retryAfterSeconds: number | undefined): Promise<boolean>;
}

export function newPatience(signal: AbortSignal): Patience {
  let failures = 0;
  let until: number | null = null;
  return {
    reset() {
      failures = 0;
      until = null;
    },
    async pause(retryAfterSeconds) {
      until ??= Date.now() + patienceMs;
      const grown = Math.min(longestPauseMs, 200 * 2 ** Math.min(failures++, 10)) * (0.5 + Math.random() / 2);
      const wantedMs = retryAfterSeconds === undefined ? grown : retryAfterSeconds * 1_000;
      if (Date.now() + wantedMs > until) return false;
      await sleep(wantedMs, undefined, { signal });
      return true;
    },
  };
}
