import type { Database, Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import { Prisma } from "#prisma/client/client.ts";
import { isFor, leastRoom, limitOf, type Measure, measures, type Room } from "./use.ts";

/** What a change adds to the use of the quotas for a model. */
export type Growth = Partial<Record<Exclude<Measure, "buildsAtOnce">, number>>;

/*
 * A change is written first, and then held to the quotas in its own transaction: their rows are locked, so that of two
 * changes the second counts what the first has left. They are the last rows that a transaction waits for, always in the
 * order of their patterns: none waits for another that waits for it.
 */

/** Throws `quota_exceeded`, of bytes `space_exceeded`, where a change that has just been written, and grew the use, passes a limit. A quota that is
 *  past its limit already refuses growth alone. Costs one statement where no quota is for the model. */
export async function holdToQuotas(tx: Transaction, modelId: string, growth: Growth): Promise<void> {
  await hold(tx, modelId, growth, null);
}

/** The same for a model that has just been given another name: it brings all that it has into quotas that were not for
 *  the old one. Its row must be locked. */
export async function holdRenamedToQuotas(tx: Transaction, modelId: string, oldName: string): Promise<void> {
  // Uploads into drafts hold the draft alone: those on their way end first, and later ones see the new name.
  await tx.$queryRaw`SELECT 1 FROM versions WHERE model_id = ${modelId}::uuid AND sealed_at IS NULL FOR UPDATE`;
  const [brought] = await tx.$queryRaw<[{ versions: number; hasBytes: boolean }]>`
    SELECT count(*)::int AS versions,
           coalesce(bool_or(EXISTS (SELECT 1 FROM version_files f WHERE f.version_id = v.id AND f.size_bytes > 0)), false)
             AS "hasBytes"
    FROM versions v WHERE v.model_id = ${modelId}::uuid AND v.deleted_at IS NULL`;
  await hold(tx, modelId, { models: 1, versions: brought.versions, sizeBytes: brought.hasBytes ? 1 : 0 }, oldName);
}

async function hold(tx: Transaction, modelId: string, growth: Growth, oldName: string | null): Promise<void> {
  const grown = measures.filter((measure) => measure !== "buildsAtOnce" && (growth[measure] ?? 0) > 0);
  if (grown.length === 0) return;
  const limits = Prisma.join(grown.map((measure) => limitOf[measure]));
  const locked = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM models o JOIN quotas q ON ${isFor(Prisma.sql`o.name`)}
    WHERE o.id = ${modelId}::uuid AND num_nonnulls(${limits}) > 0
    ORDER BY q.pattern FOR UPDATE OF q`;
  if (locked.length === 0) return;
  // A statement of its own: it sees what was committed while the lock was waited for.
  for (const measure of grown) {
    const room = await leastRoom(tx, modelId, measure, { except: oldName });
    if (room === null || room.left >= 0) continue;
    // What a renamed model brings is not known one by one.
    const used = oldName === null ? room.limit - room.left - (growth[measure as keyof Growth] ?? 0) : null;
    throw quotaExceeded(room, measure, used);
  }
}

/** How many bytes may come, and what is said of more. */
export interface BytesLeft {
  bytes: number;
  refusal: () => SlipwayError;
}

/** Before bytes flow: what the quotas for a model leave at this moment; null for any amount. `withAnnounced`: of all models
 *  of a quota the uploads in progress count, too. It spares the store what would be refused; `holdToQuotas` decides. */
export async function bytesLeft(
  db: Database,
  modelId: string,
  { withAnnounced = false }: { withAnnounced?: boolean } = {},
): Promise<BytesLeft | null> {
  const room = await leastRoom(db, modelId, "sizeBytes", { withAnnounced });
  if (room === null) return null;
  const used = room.limit - room.left;
  return {
    bytes: Math.max(0, room.left),
    refusal: () => quotaExceeded(room, "sizeBytes", used, withAnnounced ? "with the uploads in progress, " : ""),
  };
}

/** Before an archive is read. Throws `quota_exceeded` where the quotas for the model leave no version more. */
export async function requireRoomForVersion(db: Database, modelId: string): Promise<void> {
  const room = await leastRoom(db, modelId, "versions");
  if (room !== null && room.left < 1) throw quotaExceeded(room, "versions", room.limit - room.left);
}

const reached: Record<keyof Growth, { what: string; remedy: string }> = {
  models: { what: "models", remedy: "delete a model that is no longer needed" },
  versions: { what: "versions", remedy: "delete drafts that are no longer needed" },
  sizeBytes: { what: "bytes", remedy: "delete drafts, or files of drafts, that are no longer needed" },
};

/** Without figures: who is refused may not see all the models that the quota is for. */
function quotaExceeded({ pattern, limit }: Room, measure: Measure, used: number | null, why = ""): SlipwayError {
  const { what, remedy } = reached[measure as keyof Growth];
  const is = `${why}the quota of ${pattern} for ${what} is reached`;
  const then = `${remedy}, or ask an administrator to raise it`;
  return new SlipwayError(
    measure === "sizeBytes" ? "space_exceeded" : "quota_exceeded",
    `${is}: ${then}; GET /v1/quotas has its figures`,
    used === null ? {} : { openly: { pattern, message: `${is}, with ${used} of ${limit} in use: ${then}` } },
  );
}
