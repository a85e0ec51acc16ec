import { quietly } from "#core/logger.ts";
import type { Registry } from "#core/registry.ts";
import type { Doorbell } from "./queue.ts";
import { runWork, type WorkHandlers } from "./run-work.ts";

/** More are left to the workers, so that a part that is slow, or away, costs this process no more than these. */
const atOnce = 8;
/** What takes longer is given back and left to them as well. */
const limitMs = 2_000;

export interface NearWork {
  /** Of work that takes some milliseconds and tells nobody of it. */
  handlers: WorkHandlers;
  worker: string;
}

/** A doorbell that wakes no worker for work of such a kind: the process that has asked for it claims and does it itself, right
 *  after its commit and while it answers. The claim is an ordinary one, with its lease: what a process does not get to,
 *  or is killed at, is found by the reconciler. */
export function nearDoorbell(
  doorbell: Doorbell,
  { db, config, log }: Pick<Registry, "db" | "config" | "log">,
  { handlers, worker }: NearWork,
): Doorbell {
  const ending = new AbortController();
  const running = new Set<Promise<unknown>>();
  const needs = { db, config, log: quietly(log), doorbell: { ...doorbell, announce() {} } };
  const look = async (workId: string, attempts: number): Promise<void> => {
    const limit = AbortSignal.timeout(limitMs);
    await runWork(needs, workId, { handlers, worker, ending: AbortSignal.any([ending.signal, limit]) });
    if (limit.aborted) await doorbell.ring(workId, attempts + 1);
  };
  return {
    ...doorbell,
    async ring(workId, attempts = 0, kind) {
      const isNear = kind !== undefined && handlers[kind] !== undefined;
      if (!isNear || running.size >= atOnce || ending.signal.aborted) return doorbell.ring(workId, attempts);
      const run = look(workId, attempts).finally(() => running.delete(run));
      running.add(run);
      return true;
    },
    async close() {
      ending.abort();
      await Promise.all(running);
      await doorbell.close();
    },
  };
}
