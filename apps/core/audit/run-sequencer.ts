import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "#core/errors.ts";
import { numberEvents, type OnNumbered } from "#core/events/number-events.ts";
import type { Registry } from "#core/registry.ts";
import type { Bell } from "#core/work/bell.ts";
import { chainAudit } from "./chain-audit.ts";

const sweepOnceMs = 1_000;
const failedMs = 1_000;

export interface Numbering {
  bell: Bell;
  onNumbered: OnNumbered;
  afterNumbered: () => void;
  sweepMs?: number;
}

/** Numbers events and chains the audit as changes are committed, until `ending`. Any number of processes run it; each round
 *  is one's alone. Events never wait for the audit: of a database with a long past they go first, between its batches.
 *  `afterNumbered` is called when what `onNumbered` made is there for all to see. Without a ring changes are looked for every
 *  `sweepMs`. */
export async function runSequencer(
  { db, log }: Pick<Registry, "db" | "log">,
  { bell, onNumbered, afterNumbered, sweepMs = sweepOnceMs }: Numbering,
  ending: AbortSignal,
): Promise<void> {
  while (!ending.aborted) {
    try {
      const events = await numberEvents(db, onNumbered);
      if (events > 0) afterNumbered();
      const audited = await chainAudit(db);
      if (events === 0 && audited === 0) await bell.heard(sweepMs, ending);
    } catch (error) {
      log.warn({ error: messageOf(error) }, "what was changed could not be numbered; tried again");
      await sleep(failedMs, undefined, { signal: ending }).catch(() => {});
    }
  }
}
