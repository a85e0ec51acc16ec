import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "#core/errors.ts";
import type { Registry } from "#core/registry.ts";
import { type Answering, probeQueue } from "./queue.ts";
import { removeWorker, reportWorker } from "./workers.ts";

/** Whether a worker does what it is there for. A process may live and consume nothing: its connection is half open,
 *  its library waits for what never comes. */
export interface Pulse {
  /** Since when it takes nothing although a slot is free and Redis answers; null for a worker that is well. */
  wedgedSince(): Date | null;
  /** Resolves when `ending` has aborted and the worker's report is withdrawn. */
  ended: Promise<void>;
}

const slowestMs = 5_000;
const fewestChecks = 6;

/** Puts probes into the queue and looks whether jobs come, and reports the worker in the database meanwhile. It is well when
 *  it took a job, or when it looked for one and another worker, nearer to Redis perhaps, took the probe. Full slots and a
 *  Redis that does not take the probe are no fault of it either. With none of these for `wedgedAfterMs` it is wedged.
 *  Checks are counted, not time, so that a process that was stopped and goes on does not take the time it missed for
 *  silence. */
export function keepPulse(
  { db, config, log }: Pick<Registry, "db" | "config" | "log">,
  { self, answering }: { self: { id: string; name: string }; answering: Pick<Answering, "taken"> },
  ending: AbortSignal,
): Pulse {
  const { wedgedAfterMs } = config.work;
  const everyMs = Math.min(slowestMs, wedgedAfterMs / fewestChecks);
  let quiet = { checks: 0, since: new Date() };
  const wedgedSince = () => (quiet.checks * everyMs >= wedgedAfterMs ? quiet.since : null);

  const check = async (): Promise<void> => {
    const before = answering.taken();
    await sleep(everyMs, undefined, { signal: ending }).catch(() => {});
    const heard = await probeQueue(config.queue, self.id).catch((error: unknown) => {
      log.warn({ error: messageOf(error) }, "the queue did not take the probe");
      return null;
    });
    const { jobs, looks, running, slots } = answering.taken();
    const wasWedged = wedgedSince();
    const excused = heard === null || running >= slots || jobs > before.jobs || (heard && looks > before.looks);
    quiet = excused ? { checks: 0, since: new Date() } : { ...quiet, checks: quiet.checks + 1 };
    const isWedged = wedgedSince();
    if (isWedged !== null && wasWedged === null)
      log.error({ since: isWedged, running, slots }, "wedged: no job comes from the queue");
    if (isWedged === null && wasWedged !== null) log.info({ since: wasWedged }, "jobs come from the queue again");
  };
  const report = async (): Promise<void> => {
    const { slots, running, lastAt } = answering.taken();
    await reportWorker(db, { ...self, slots, busy: running, tookAt: lastAt, wedgedSince: wedgedSince() }).catch(
      (error: unknown) => log.warn({ error: messageOf(error) }, "the worker could not report itself"),
    );
  };

  const ended = (async () => {
    while (!ending.aborted) await Promise.all([check(), report()]);
    await removeWorker(db, self.id).catch((error: unknown) =>
      log.warn({ error: messageOf(error) }, "the worker's report could not be withdrawn"),
    );
  })();
  return { wedgedSince, ended };
}
