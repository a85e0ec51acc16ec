import type { Database } from "#core/database/client.ts";
import type { WorkHandler } from "./run-work.ts";
import { unblockWork } from "./work.ts";

/** A claim that comes to nothing (its transaction fails) keeps its place for so long. */
const claimMs = 10_000;

/** Work of a kind that waits more than it works, behind which builds must not wait: a worker does of it half of what it does at
 *  once, and one at least. A place is taken with the claim, so that two claims at once never have the same. */
export function fewAtOnce(
  db: Database,
  kind: string,
  work: { atOnce: number },
  { run, giveUp }: Pick<WorkHandler, "run" | "giveUp">,
): WorkHandler {
  const atOnce = Math.max(1, Math.floor(work.atOnce / 2));
  let running = 0;
  /** Until when, by subject. */
  const claimed = new Map<string, number>();
  const room = (): number => {
    for (const [subjectId, until] of claimed) if (until < Date.now()) claimed.delete(subjectId);
    return atOnce - running - claimed.size;
  };
  const inPlace = async (subjectId: string, deed: () => Promise<void>): Promise<void> => {
    claimed.delete(subjectId);
    running += 1;
    try {
      await deed();
    } finally {
      running -= 1;
    }
  };
  return {
    turns: {
      async mayBegin(_, subjectId) {
        if (room() <= 0) return false;
        claimed.set(subjectId, Date.now() + claimMs);
        return true;
      },
      unblock: () => unblockFew(db, kind, room()),
    },
    run: (claim, signal, log) => inPlace(claim.subjectId, () => run(claim, signal, log)),
    giveUp: (claim, log) => inPlace(claim.subjectId, () => giveUp(claim, log)),
  };
}

/** Puts as many back in the queue as there is room for, the oldest first. Returns their work, to ring for. */
async function unblockFew(db: Database, kind: string, room: number): Promise<{ id: string; attempt: number }[]> {
  if (room <= 0) return [];
  const blocked = await db.$queryRaw<{ subjectId: string }[]>`
    SELECT subject_id AS "subjectId" FROM work WHERE kind = ${kind} AND state = 'blocked'
    ORDER BY created_at, id LIMIT ${room}`;
  if (blocked.length === 0) return [];
  const ids = blocked.map(({ subjectId }) => subjectId);
  return db.$transaction((tx) => unblockWork(tx, kind, ids));
}
