import { inRounds } from "#core/database/in-rounds.ts";
import type { Registry } from "#core/registry.ts";

/** Removes what deleted versions still have of files: a model that goes may have millions. */
export async function dropFiles({ db }: Pick<Registry, "db">, signal: AbortSignal): Promise<void> {
  await inRounds(
    signal,
    (atOnce) => db.$executeRaw`
      DELETE FROM version_files WHERE (version_id, path) IN (
        SELECT f.version_id, f.path FROM versions v JOIN version_files f ON f.version_id = v.id
        WHERE v.deleted_at IS NOT NULL LIMIT ${atOnce})`,
  );
}
