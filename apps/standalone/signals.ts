import type { Voice } from "./voice.ts";

/** npm passes on the Ctrl-C that the terminal has already sent to everybody: two signals this close
 *  together are one wish. */
const oneWishMs = 500;

/** Why what was under way was given up. */
export const interrupted = new Error("interrupted");

/** The first signal stops in good order, a second one at once. `main.ts` files alone call this. */
export function listenForSignals(voice: Voice): { stop: AbortSignal; kill: AbortSignal; stopped: Promise<void> } {
  const stop = new AbortController();
  const kill = new AbortController();
  let firstAt: number | null = null;
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.on(signal, () => {
        if (firstAt === null) {
          firstAt = performance.now();
          voice.say("stopping (again to stop at once)");
          stop.abort(interrupted);
          resolve();
        } else if (performance.now() - firstAt > oneWishMs) {
          kill.abort();
          process.exit(130);
        }
      });
  });
  process.once("exit", () => kill.abort()); // also after an exception that nobody caught
  return { stop: stop.signal, kill: kill.signal, stopped };
}
