import { setTimeout as sleep } from "node:timers/promises";
import { type Child, describeExit } from "./child.ts";

/** Resolves when `url` answers and `ready` likes the status. Fails when the child ends or time runs out,
 *  with the child's last lines. */
export async function waitForHttp(
  child: Child,
  url: string,
  options: { ready: (status: number) => boolean; timeoutMs: number },
): Promise<void> {
  let ended: string | null = null;
  child.exited.then((exit) => {
    ended = `${child.name} ended ${describeExit(exit)}`;
  });
  for (const end = Date.now() + options.timeoutMs; Date.now() < end; await sleep(25)) {
    if (ended !== null) break;
    const status = await statusOf(url);
    if (status !== null && options.ready(status)) return;
  }
  const what = ended ?? `${child.name} was not ready within ${options.timeoutMs / 1000} s`;
  throw new Error([what, ...child.lastLines()].join("\n    "));
}

/** Null while nobody listens, or answers within 2 s. */
export async function statusOf(url: string): Promise<number | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.status;
  } catch (error) {
    if (error instanceof TypeError || (error instanceof DOMException && error.name === "TimeoutError")) return null;
    throw error;
  }
}
