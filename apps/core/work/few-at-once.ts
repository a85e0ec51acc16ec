import type { Database } from "#core/database/client.ts";
import { unblockWork } from "./work.ts";

/** Of one worker: a kind of work that waits more than it works, behind which builds must not wait. */
export interface FewAtOnce {
  kind: string;
  running: number;
  atOnce: number;
}

/** Half of what a worker does at once, and one at least. */
export function fewAtOnce(kind: string, { atOnce }: { atOnce: number }): FewAtOnce {
  return { kind, running: 0, atOnce: Math.max(1, Math.floor(atOnce / 2)) };
}

export function hasRoom({ running, atOnce }: FewAtOnce): boolean {
  return running < atOnce;
}

/** Puts as many back in the queue as this worker has room for, the oldest first. Returns their work, to ring for. */
export async function unblockFew(
  db: Database,
  { kind, running, atOnce }: FewAtOnce,
): Promise<{ id: string; attempt: number }[]> {
  if (running >= atOnce) return [];
  const blocked = await db.$queryRaw<{ subjectId: string }[]>`
    SELECT subject_id AS "subjectId" FROM work WHERE kind = ${kind} AND state = 'blocked'
    ORDER BY created_at, id LIMIT ${atOnce - running}`;
  if (blocked.length === 0) return [];
  const ids = blocked.map(({ subjectId }) => subjectId);
  return db.$transaction((tx) => unblockWork(tx, kind, ids));
}
