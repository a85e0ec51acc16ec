import type { Database } from "#core/database/client.ts";

/** What a worker says of itself. */
export interface WorkerReport {
  /** Of this process, a UUID. */
  id: string;
  /** `host:pid`, as in the rows of the work that it claims. */
  name: string;
  slots: number;
  busy: number;
  /** When the queue last gave it a job. */
  tookAt: Date | null;
  /** Since when it takes nothing although it could (pulse.ts). */
  wedgedSince: Date | null;
}

/** Reports come every 5 s at the most. */
const silentAfterMs = 15_000;
const removedAfterMs = 60_000;

/** Writes the worker's row, and removes those of workers that were killed. Clocks differ: the database's counts, and
 *  the worker's own times are written as how long ago they were. */
export async function reportWorker(db: Database, report: WorkerReport): Promise<void> {
  const ago = (at: Date | null) => (at === null ? null : Date.now() - at.getTime());
  await db.$executeRaw`
    INSERT INTO workers (id, name, slots, busy, took_at, wedged_since)
    VALUES (${report.id}::uuid, ${report.name}, ${report.slots}, ${report.busy},
            now() - ${ago(report.tookAt)}::float8 * interval '1 millisecond',
            now() - ${ago(report.wedgedSince)}::float8 * interval '1 millisecond')
    ON CONFLICT (id) DO UPDATE
    SET busy = excluded.busy, seen_at = now(), took_at = excluded.took_at, wedged_since = excluded.wedged_since`;
  await db.$executeRaw`DELETE FROM workers WHERE seen_at < now() - ${removedAfterMs} * interval '1 millisecond'`;
}

/** A worker that ends in order takes its row along. */
export async function removeWorker(db: Database, id: string): Promise<void> {
  await db.$executeRaw`DELETE FROM workers WHERE id = ${id}::uuid`;
}

/** Whether any worker takes work, and which of them do not. */
export interface WorkersState {
  working: boolean;
  /** One readable line; null where there is nothing to say. */
  message: string | null;
  /** When the last of them stopped working; null where one works, or none has left a row. */
  since: Date | null;
}

interface Absence {
  name: string;
  why: "silent" | "wedged" | null;
  since: Date;
}

const namedAtMost = 3;

export async function readWorkers(db: Database): Promise<WorkersState> {
  const workers = await db.$queryRaw<Absence[]>`
    SELECT name,
           CASE WHEN seen_at < now() - ${silentAfterMs} * interval '1 millisecond' THEN 'silent'
                WHEN wedged_since IS NOT NULL THEN 'wedged' END AS why,
           least(seen_at, wedged_since) AS since
    FROM workers ORDER BY since DESC`;
  const absent = workers.filter(({ why }) => why !== null);
  const working = absent.length < workers.length;
  if (workers.length === 0) return { working, message: "no worker has reported: images wait", since: null };
  if (absent.length === 0) return { working, message: null, since: null };
  const sentences = absent.slice(0, namedAtMost).map(sentenceOf);
  if (absent.length > namedAtMost) sentences.push(`${absent.length - namedAtMost} more`);
  return { working, message: sentences.join("; "), since: working ? null : (absent[0]?.since ?? null) };
}

function sentenceOf({ name, why, since }: Absence): string {
  const what = why === "silent" ? "has not reported" : "takes nothing from the queue";
  return `worker ${name} ${what} since ${since.toISOString()}`;
}
