import type { Database } from "#core/database/client.ts";
import { unblockWork } from "#core/work/work.ts";
import { proofWork } from "./proof.ts";

/** Of one worker: proofs wait more than they work, and builds must not wait behind them. */
export interface ProofLine {
  running: number;
  atOnce: number;
}

export function mayProve({ running, atOnce }: ProofLine): boolean {
  return running < atOnce;
}

/** Puts as many back in the queue as this worker has room for, the oldest first. Returns their work, to ring for. */
export async function unblockProofs(
  db: Database,
  { running, atOnce }: ProofLine,
): Promise<{ id: string; attempt: number }[]> {
  if (running >= atOnce) return [];
  const blocked = await db.$queryRaw<{ subjectId: string }[]>`
    SELECT subject_id AS "subjectId" FROM work WHERE kind = ${proofWork} AND state = 'blocked'
    ORDER BY created_at, id LIMIT ${atOnce - running}`;
  if (blocked.length === 0) return [];
  const ids = blocked.map(({ subjectId }) => subjectId);
  return db.$transaction((tx) => unblockWork(tx, proofWork, ids));
}
