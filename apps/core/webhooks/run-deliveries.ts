import type { Database } from "#core/database/client.ts";
import { messageOf } from "#core/errors.ts";
import { quietly } from "#core/logger.ts";
import type { Registry } from "#core/registry.ts";
import type { Bell } from "#core/work/bell.ts";
import { runWork } from "#core/work/run-work.ts";
import { webhookWork } from "./webhook.ts";
import { webhookHandler } from "./webhook-handler.ts";

/** A webhook that does not answer costs a place among these and little else. */
const webhooksAtOnce = 200;
const sweepMs = 1_000;

/** Sends what waits for webhooks, each by itself and beside all other work, until `ending`. Among any number of workers one has
 *  a webhook at a time; when it is lost another goes on. `bell` says that something may wait. */
export async function runDeliveries(
  needs: Pick<Registry, "db" | "doorbell" | "config" | "log">,
  { worker, bell }: { worker: string; bell: Bell },
  ending: AbortSignal,
): Promise<void> {
  const { db } = needs;
  const log = quietly(needs.log);
  const options = { handlers: { [webhookWork]: webhookHandler(needs) }, worker, ending };
  const running = new Map<string, Promise<void>>();
  while (!ending.aborted) {
    let waitMs = sweepMs;
    try {
      for (const { id, inMs } of await findQueued(db, running)) {
        if (inMs > 0) waitMs = Math.min(waitMs, inMs);
        else
          running.set(
            id,
            runWork({ ...needs, log }, id, options).finally(() => {
              running.delete(id);
              bell.ring();
            }),
          );
      }
    } catch (error) {
      needs.log.warn({ error: messageOf(error) }, "what waits for webhooks could not be looked for; tried again");
    }
    await bell.heard(waitMs, ending);
  }
  await Promise.all(running.values());
}

async function findQueued(
  db: Database,
  running: ReadonlyMap<string, unknown>,
): Promise<{ id: string; inMs: number }[]> {
  return db.$queryRaw`
    SELECT id, (extract(epoch FROM run_after - now()) * 1000)::float8 AS "inMs"
    FROM work
    WHERE kind = ${webhookWork} AND state = 'queued' AND id <> ALL (${[...running.keys()]}::uuid[])
    ORDER BY run_after LIMIT ${Math.max(0, webhooksAtOnce - running.size)}`;
}
