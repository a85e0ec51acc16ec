import { comparands } from "#core/access/name-pattern.ts";
import { removeDoomed } from "#core/artifacts/doomed-objects.ts";
import { zeroId } from "#core/database/ids.ts";
import { type Registry, slipwayActor } from "#core/registry.ts";
import { dropVersion } from "./drop-version.ts";

const atOnce = 100;

type Needs = Pick<Registry, "db"> & { config: Pick<Registry["config"], "keeping"> };

/** A sealed version whose model was deleted while it could not be. */
export interface Remains {
  id: string;
  model: string;
  version: string;
  /** When the model was. */
  deletedAt: Date;
  sizeBytes: number;
}

/** Those that may be deleted by now (SLIPWAY_DELETABLE_MODELS), each by the last name of its model. No request can name
 *  them any more. */
export async function* deletableRemains({ db, config }: Needs): AsyncGenerator<Remains> {
  const { names, beginnings } = comparands(config.keeping.deletable);
  for (let after = zeroId, full = true; full; ) {
    const page = await db.$queryRaw<Remains[]>`
      SELECT v.id, m.name AS model, v.semver AS version, m.deleted_at AS "deletedAt", v.size_bytes::float8 AS "sizeBytes"
      FROM models m JOIN versions v ON v.model_id = m.id
      WHERE m.deleted_at IS NOT NULL AND v.deleted_at IS NULL AND v.id > ${after}::uuid
        AND (m.name = ANY (${names}::text[])
             OR EXISTS (SELECT FROM unnest(${beginnings}::text[]) AS b (beginning) WHERE starts_with(m.name, beginning)))
      ORDER BY v.id LIMIT ${atOnce}`;
    yield* page;
    after = page.at(-1)?.id ?? after;
    full = page.length === atOnce;
  }
}

/** Deletes them, one by one: what was asked for with their models. Returns how many. */
export async function dropRemains(
  { db, blobs, config }: Needs & Pick<Registry, "blobs">,
  signal: AbortSignal,
): Promise<number> {
  let dropped = 0;
  for await (const { id } of deletableRemains({ db, config })) {
    signal.throwIfAborted();
    const doomed = await db.$transaction(async (tx) => {
      const [still] = await tx.$queryRaw<unknown[]>`
        SELECT 1 FROM versions WHERE id = ${id}::uuid AND deleted_at IS NULL FOR UPDATE`;
      if (still === undefined) return []; // another round was faster
      dropped += 1;
      return dropVersion(tx, id, slipwayActor());
    });
    await removeDoomed({ db, blobs }, doomed);
  }
  return dropped;
}
