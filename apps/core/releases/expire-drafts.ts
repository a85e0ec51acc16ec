import { removeDoomed } from "#core/artifacts/doomed-objects.ts";
import { isSlipwayError } from "#core/errors.ts";
import { findDraftById } from "#core/models/version.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { Prisma } from "#prisma/client/client.ts";
import { dropVersion } from "./drop-version.ts";

const atOnce = 100;

/** Deletes drafts that nobody has touched for as long: no change on record, and no upload in progress. Returns how many. */
export async function expireDrafts(
  { db, blobs, config }: Pick<Registry, "db" | "blobs"> & { config: Pick<Registry["config"], "keeping"> },
  signal: AbortSignal,
): Promise<number> {
  const { draftLifetimeMs } = config.keeping;
  if (draftLifetimeMs === null) return 0;
  const untouchedSince = new Date(Date.now() - draftLifetimeMs);
  let expired = 0;
  for (let after = "00000000-0000-0000-0000-000000000000", full = true; full; ) {
    signal.throwIfAborted();
    const page = await db.$queryRaw<{ id: string }[]>`
      SELECT v.id FROM versions v JOIN models m ON m.id = v.model_id
      WHERE v.sealed_at IS NULL AND v.deleted_at IS NULL AND m.deleted_at IS NULL AND v.id > ${after}::uuid
        AND ${isUntouched(untouchedSince)}
      ORDER BY v.id LIMIT ${atOnce}`;
    for (const { id } of page) {
      const doomed = await db.$transaction(async (tx) => {
        const draft = await findDraftById(tx, id).catch((error: unknown) => {
          if (isSlipwayError(error)) return null; // sealed or deleted meanwhile
          throw error;
        });
        // Locked now, it is looked at once more.
        const [still] = await tx.$queryRaw<unknown[]>`
          SELECT 1 FROM versions v WHERE v.id = ${id}::uuid AND ${isUntouched(untouchedSince)}`;
        if (draft === null || still === undefined) return [];
        expired += 1;
        return dropVersion(tx, draft, slipway);
      });
      await removeDoomed({ db, blobs }, doomed);
    }
    after = page.at(-1)?.id ?? after;
    full = page.length === atOnce;
  }
  return expired;
}

const slipway: Actor = { name: "slipway", requestId: null, address: null, tokenId: null };

/** Of version `v`; its making is a change, too. */
function isUntouched(since: Date): Prisma.Sql {
  return Prisma.sql`
    NOT EXISTS (SELECT FROM audit a WHERE a.object_id = v.id::text AND a.at > ${since})
    AND NOT EXISTS (SELECT FROM uploads u WHERE u.version_id = v.id AND u.state IN ('open', 'verifying'))`;
}
