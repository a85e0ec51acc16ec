import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "#core/database/client.ts";
import { newId, zeroId } from "#core/database/ids.ts";
import { messageOf } from "#core/errors.ts";
import type { Logger } from "#core/logger.ts";
import type { Registry } from "#core/registry.ts";
import { runWork, type WorkHandler } from "./run-work.ts";
import { closeWork, putOffWork } from "./work.ts";

/** Work that comes back: one row for each kind, which is done between its times. Among any number of workers one does it,
 *  and another goes on when that one is lost. */
export interface Chore {
  kind: string;
  everyMs: number;
  /** `turn` is another each time. */
  run(turn: number, signal: AbortSignal, log: Logger): Promise<void>;
}

/** A chore has no subject. */
const subjectId = zeroId;
const failedAfterMs = 10 * 60_000;

/** Does the chores that are due, each by itself and beside all other work, until `ending`. */
export async function doChores(
  needs: Pick<Registry, "db" | "doorbell" | "config" | "log">,
  chores: readonly Chore[],
  { worker, ending }: { worker: string; ending: AbortSignal },
): Promise<void> {
  const repeat = async (chore: Chore): Promise<void> => {
    const handlers = { [chore.kind]: handlerOf(needs.db, chore) };
    while (!ending.aborted) {
      const due = await findDue(needs.db, chore).catch((error: unknown) => {
        needs.log.warn({ kind: chore.kind, error: messageOf(error) }, "a chore could not be looked for; tried again");
        return null;
      });
      if (due !== null) await runWork(needs, due, { handlers, worker, ending });
      await sleep(needs.config.work.reconcileMs, undefined, { signal: ending }).catch(() => {});
    }
  };
  await Promise.all(chores.filter(({ everyMs }) => everyMs > 0).map(repeat));
}

/** The row that is due, put in the queue where its time has come again; that of a new installation comes with no work to do
 *  until then. */
async function findDue(db: Database, { kind, everyMs }: Chore): Promise<string | null> {
  await db.$executeRaw`
    INSERT INTO work (id, kind, subject_id, state) VALUES (${newId()}::uuid, ${kind}, ${subjectId}::uuid, 'done')
    ON CONFLICT (kind, subject_id) DO UPDATE SET state = 'queued', run_after = now(), lost_leases = 0
    WHERE work.state = 'done' AND work.run_after <= now() - ${everyMs}::float8 * interval '1 millisecond'`;
  const [due] = await db.$queryRaw<{ id: string }[]>`
    SELECT id FROM work
    WHERE kind = ${kind} AND subject_id = ${subjectId}::uuid AND state = 'queued' AND run_after <= now()`;
  return due?.id ?? null;
}

function handlerOf(db: Database, { kind, run }: Chore): WorkHandler {
  return {
    async run(claim, signal, log) {
      try {
        await run(claim.attempt, signal, log);
      } catch (error) {
        if (signal.aborted) throw error;
        log.error({ err: error }, `${kind} failed; it is tried again in ${failedAfterMs / 60_000} minutes`);
        return putOffWork(db, claim, failedAfterMs);
      }
      await closeWork(db, claim);
    },
    async giveUp(claim, log) {
      log.error({ lostLeases: claim.lostLeases }, `${kind} is left until its next time: its workers were lost`);
      await closeWork(db, claim);
    },
  };
}
