import { setTimeout as sleep } from "node:timers/promises";
import { removeAbandonedParts } from "#core/artifacts/file-blob-store.ts";
import type { Config } from "#core/config.ts";
import type { Database } from "#core/database/client.ts";
import { messageOf } from "#core/errors.ts";
import { basesDir } from "#core/images/bases/instance-base.ts";
import type { Engine } from "#core/images/engine/open-engine.ts";
import { removeAbandonedRuns } from "#core/images/engine/remove-leftovers.ts";
import { removeAbandoned } from "#core/images/scratch-folder.ts";
import type { Logger } from "#core/logger.ts";
import { reapProofs } from "#core/proofs/reap-proofs.ts";

const everyMs = 10_000;

interface Needs {
  config: Pick<Config, "scratchDir" | "cacheDir" | "artifacts">;
  log: Logger;
  db: Database;
  engine: Engine;
}

/** Removes what killed processes left half-done on disk and in the engine, at once and from then on, until `ending`. */
export async function sweepLeftovers({ config, log, db, engine }: Needs, ending: AbortSignal): Promise<void> {
  const removals = [
    () => removeAbandoned(config.scratchDir),
    () => removeAbandoned(basesDir(config.cacheDir)),
    () => removeAbandonedRuns(engine),
    () => reapProofs({ db, engine }),
    ...(config.artifacts.s3 === null ? [() => removeAbandonedParts(config.artifacts.dir)] : []),
  ];
  // Each by itself: one that waits for an engine keeps no disk full.
  await Promise.all(
    removals.map(async (remove) => {
      while (!ending.aborted) {
        await remove().catch((error: unknown) =>
          log.warn({ error: messageOf(error) }, "leftovers could not be removed"),
        );
        await sleep(everyMs, undefined, { signal: ending }).catch(() => {});
      }
    }),
  );
}
