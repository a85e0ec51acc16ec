import { removeDoomed } from "#core/artifacts/doomed-objects.ts";
import { zeroId } from "#core/database/ids.ts";
import { isSlipwayError } from "#core/errors.ts";
import { findDraftById } from "#core/models/version.ts";
import { type Registry, slipwayActor } from "#core/registry.ts";
import { Prisma } from "#prisma/client/client.ts";
import { dropVersion } from "./drop-version.ts";

const atOnce = 100;

type Needs = Pick<Registry, "db"> & { config: Pick<Registry["config"], "keeping"> };

export interface ExpiredDraft {
  id: string;
  model: string;
  version: string;
  touchedAt: Date;
  sizeBytes: number;
}

/** Drafts that nobody has touched for as long as they are kept: no change on record, and no upload in progress. */
export async function* expiredDrafts({ db, config }: Needs): AsyncGenerator<ExpiredDraft> {
  const { draftLifetimeMs } = config.keeping;
  if (draftLifetimeMs === null) return;
  const untouchedSince = new Date(Date.now() - draftLifetimeMs);
  for (let after = zeroId, full = true; full; ) {
    const page = await db.$queryRaw<ExpiredDraft[]>`
      SELECT v.id, m.name AS model, v.semver AS version,
             (SELECT max(a.at) FROM audit a WHERE a.object_id = v.id::text) AS "touchedAt",
             (SELECT coalesce(sum(f.size_bytes), 0)::float8 FROM version_files f WHERE f.version_id = v.id) AS "sizeBytes"
      FROM versions v JOIN models m ON m.id = v.model_id
      WHERE v.sealed_at IS NULL AND v.deleted_at IS NULL AND m.deleted_at IS NULL AND v.id > ${after}::uuid
        AND ${isUntouched(untouchedSince)}
      ORDER BY v.id LIMIT ${atOnce}`;
    yield* page;
    after = page.at(-1)?.id ?? after;
    full = page.length === atOnce;
  }
}

/** Deletes them, one by one. Returns how many. */
export async function expireDrafts(
  { db, blobs, config }: Needs & Pick<Registry, "blobs">,
  signal: AbortSignal,
): Promise<number> {
  let expired = 0;
  for await (const { id, touchedAt } of expiredDrafts({ db, config })) {
    signal.throwIfAborted();
    const doomed = await db.$transaction(async (tx) => {
      const draft = await findDraftById(tx, id).catch((error: unknown) => {
        if (isSlipwayError(error)) return null; // sealed or deleted meanwhile
        throw error;
      });
      // Locked now, it is looked at once more.
      const [still] = await tx.$queryRaw<unknown[]>`
        SELECT 1 FROM versions v WHERE v.id = ${id}::uuid AND ${isUntouched(touchedAt)}`;
      if (draft === null || still === undefined) return [];
      expired += 1;
      return dropVersion(tx, id, slipwayActor());
    });
    await removeDoomed({ db, blobs }, doomed);
  }
  return expired;
}

/** Of version `v`; its making is a change, too. */
function isUntouched(since: Date): Prisma.Sql {
  return Prisma.sql`
    NOT EXISTS (SELECT FROM audit a WHERE a.object_id = v.id::text AND a.at > ${since})
    AND NOT EXISTS (SELECT FROM uploads u WHERE u.version_id = v.id AND u.state IN ('open', 'verifying'))`;
}
