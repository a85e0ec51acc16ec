import { setTimeout as sleep } from "node:timers/promises";
import type { Transaction } from "#core/database/client.ts";
import { messageOf } from "#core/errors.ts";
import type { Logger } from "#core/logger.ts";
import type { Registry } from "#core/registry.ts";
import { type DueWork, ringAll } from "./queue.ts";
import { type Claim, claimWork, extendLease, findDueWork, releaseWork, StaleClaim } from "./work.ts";

/** What is done for one kind of work. It ends its own row (`finishWork`, `postponeWork`) in the
 *  transaction that writes the result. */
export interface WorkHandler {
  /** `signal` aborts when the claim is lost or the worker ends; `log` names the work and the request that asked for it. */
  run(claim: Claim, signal: AbortSignal, log: Logger): Promise<void>;
  /** Of work that does not begin whenever it is due. */
  turns?: Turns;
  /** Called instead of `run` when its workers were lost too often. */
  giveUp(claim: Claim, log: Logger): Promise<void>;
}

export interface Turns {
  /** Whether its turn has come; see `ClaimOptions`. */
  mayBegin(tx: Transaction, subjectId: string): Promise<boolean>;
  /** Puts back in the queue what was blocked and may begin now; returns the work to ring for. */
  unblock(): Promise<DueWork[]>;
}

export type WorkHandlers = Readonly<Record<string, WorkHandler>>;

interface RunOptions {
  handlers: WorkHandlers;
  worker: string;
  /** Aborts when the worker ends: what runs is given back. */
  ending: AbortSignal;
}

/** Looks at one row: claims it, does it, keeps the lease alive meanwhile. Never throws. */
export async function runWork(
  { db, doorbell, config, log }: Pick<Registry, "db" | "doorbell" | "config" | "log">,
  workId: string,
  { handlers, worker, ending }: RunOptions,
): Promise<void> {
  if (ending.aborted) return;
  let claim: Claim | null;
  try {
    const inTurn = Object.keys(handlers).filter((kind) => handlers[kind]?.turns !== undefined);
    claim = await claimWork(db, workId, {
      worker,
      leaseMs: config.work.leaseMs,
      kinds: Object.keys(handlers).filter((kind) => !inTurn.includes(kind)),
      turns: {
        kinds: inTurn,
        mayBegin: async (tx, { kind, subjectId }) => handlers[kind]?.turns?.mayBegin(tx, subjectId) ?? true,
      },
    });
  } catch (error) {
    log.warn({ workId, error: messageOf(error) }, "work could not be claimed; the reconciler will ring again");
    return;
  }
  if (claim === null) return;
  const { kind, subjectId, attempt, requestId } = claim;
  // `buildId` for a build: the name under which the API's lines have it.
  const line = log.child({ workId, kind, [`${kind}Id`]: subjectId, attempt, requestId });
  const handler = handlers[claim.kind];
  if (handler === undefined) throw new Error(`claimed work of the kind ${claim.kind}, which was not asked for`);
  const lost = new AbortController();
  const heart = setInterval(() => {
    extendLease(db, claim, config.work.leaseMs).catch((error: unknown) => {
      if (error instanceof StaleClaim) lost.abort(error);
      else line.warn({ error: messageOf(error) }, "heartbeat failed");
    });
  }, config.work.leaseMs / 4);
  const startedAt = Date.now();
  try {
    line.info("work begins");
    if (claim.lostLeases >= config.work.lostLeasesLimit) await handler.giveUp(claim, line);
    else await handler.run(claim, AbortSignal.any([lost.signal, ending]), line);
    line.info({ ms: Date.now() - startedAt }, "work ends");
  } catch (error) {
    if (error instanceof StaleClaim || lost.signal.aborted)
      line.info("the work was taken away; nothing more is written");
    else if (ending.aborted) await giveBack(db, claim, line);
    else line.error({ err: error }, "work ended without a result; its lease will run out");
  } finally {
    clearInterval(heart);
    doorbell.announce();
  }
  await ringNext({ doorbell }, handler).catch((error: unknown) =>
    line.warn({ error: messageOf(error) }, "what waited for this was not rung for; the reconciler will"),
  );
}

async function ringNext({ doorbell }: Pick<Registry, "doorbell">, handler: WorkHandler): Promise<void> {
  if (handler.turns !== undefined) await ringAll(doorbell, await handler.turns.unblock());
}

async function giveBack(db: Registry["db"], claim: Claim, line: Logger): Promise<void> {
  try {
    await releaseWork(db, claim);
    line.info("given back: the worker ends");
  } catch (error) {
    line.warn({ error: messageOf(error) }, "could not be given back; its lease will run out");
  }
}

/** Rings for every row that is due, until `ending`: for rings that were lost, for leases that ran out,
 *  for work that was postponed or blocked. */
export async function reconcile(
  { db, doorbell, config, log }: Pick<Registry, "db" | "doorbell" | "config" | "log">,
  handlers: WorkHandlers,
  ending: AbortSignal,
): Promise<void> {
  while (!ending.aborted) {
    try {
      for (const handler of Object.values(handlers)) await handler.turns?.unblock();
      // With Redis away each ring costs its whole limit: the first that fails ends the round.
      for (const { id, attempt } of await findDueWork(db, 1_000))
        if (ending.aborted || !(await doorbell.ring(id, attempt))) break;
    } catch (error) {
      log.warn({ error: messageOf(error) }, "reconciling failed; tried again");
    }
    await sleep(config.work.reconcileMs, undefined, { signal: ending }).catch(() => {});
  }
}
