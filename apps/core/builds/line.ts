import type { NamePattern } from "#core/access/name-pattern.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { isFor, useOf } from "#core/quotas/use.ts";
import { unblockWork } from "#core/work/work.ts";
import { Prisma } from "#prisma/client/client.ts";
import { buildWork } from "./build.ts";
import { type InLine, type LineQuota, turns } from "./turns.ts";

/** Whether a build may begin now, asked in the transaction that would claim its work. The rows of the quotas for its
 *  model are locked, so that no two workers take the last place. Where it may not, the build says what it waits for.
 *  Costs one statement where no quota is for it. */
export async function mayBegin(tx: Transaction, buildId: string): Promise<boolean> {
  const quotas = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM builds b JOIN versions v ON v.id = b.version_id JOIN models m ON m.id = v.model_id
    JOIN quotas q ON ${isFor(Prisma.sql`m.name`)}
    WHERE b.id = ${buildId}::uuid AND q.builds_at_once IS NOT NULL
    ORDER BY q.pattern FOR UPDATE OF q`;
  if (quotas.length === 0) return true;
  const waitsFor = (await readTurns(tx)).get(buildId);
  if (waitsFor === null || waitsFor === undefined) return true;
  await tx.build.update({
    where: { id: buildId },
    data: { status: "queued", waitingFor: `its turn: the quota of ${waitsFor} for builds at once is reached` },
  });
  return false;
}

/** Puts the builds back in the queue that were held back and whose turn has come: others have ended, or a quota was
 *  changed. Returns their work, to ring for. */
export async function unblockBuilds(db: Database): Promise<{ id: string; attempt: number }[]> {
  const blocked = await db.$queryRaw<{ subjectId: string }[]>`
    SELECT subject_id AS "subjectId" FROM work WHERE kind = ${buildWork} AND state = 'blocked'`;
  if (blocked.length === 0) return [];
  const turnsNow = await readTurns(db);
  const inTurn = blocked.map(({ subjectId }) => subjectId).filter((id) => turnsNow.get(id) === null);
  return db.$transaction(async (tx) => {
    const unblocked = await unblockWork(tx, buildWork, inTurn);
    await tx.build.updateMany({
      where: { id: { in: unblocked.map(({ subjectId }) => subjectId) }, status: "queued" },
      data: { waitingFor: null },
    });
    return unblocked;
  });
}

/** Of each build that could begin but for a quota: what it waits for, or null. */
async function readTurns(db: Database | Transaction): Promise<ReadonlyMap<string, NamePattern | null>> {
  const quotas = await db.$queryRaw<LineQuota[]>`
    SELECT q.pattern, (q.builds_at_once - ${useOf.buildsAtOnce})::int AS free
    FROM quotas q WHERE q.builds_at_once IS NOT NULL`;
  const line = await db.$queryRaw<InLine[]>`
    SELECT b.id, m.name AS model
    FROM work w JOIN builds b ON b.id = w.subject_id JOIN versions v ON v.id = b.version_id
    JOIN models m ON m.id = v.model_id
    WHERE w.kind = ${buildWork} AND (w.state = 'blocked' OR (w.state = 'queued' AND w.run_after <= now()))
    ORDER BY w.created_at, w.id`;
  return turns(quotas, line);
}
