import type { Digest } from "#core/artifacts/digest.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import { findVersion, type ImagePlatform, type ImageStatus, readVersion } from "#core/models/version.ts";
import { Prisma } from "#prisma/client/client.ts";

/** An image as it is looked after. Rows of the same manifest (repository and digest) say the same of its status. */
export interface VersionImage {
  id: string;
  /** Name of the registry. */
  registry: string;
  /** `host/path` */
  repository: string;
  digest: Digest;
  origin: "built" | "external";
  platforms: ImagePlatform[];
  status: ImageStatus;
  reason: string | null;
  changedAt: Date;
  checkedAt: Date;
  freedBytes: bigint | null;
  createdAt: Date;
}

/** What names an image in its registry. */
export type ManifestName = Pick<VersionImage, "repository" | "digest">;

/** By semver or tag. Throws `version_not_found`, `image_not_found`. */
export async function readImage(
  { db }: { db: Database | Transaction },
  { model, version }: { model: string; version: string },
): Promise<VersionImage> {
  const { id } = await readVersion({ db }, model, version);
  return imageOfVersion(db, id, `${model}:${version.slice(0, 200)}`);
}

/** Its version is locked for the rest of the transaction. Throws `version_not_found`, `image_not_found`. */
export async function lockImage(
  tx: Transaction,
  { model, version }: { model: string; version: string },
): Promise<{ versionId: string; archivedAt: Date | null; image: VersionImage }> {
  const { id: versionId, archivedAt } = await findVersion(tx, model, version, "for update");
  return { versionId, archivedAt, image: await imageOfVersion(tx, versionId, `${model}:${version}`) };
}

async function imageOfVersion(db: Database | Transaction, versionId: string, object: string): Promise<VersionImage> {
  const image = await db.image.findFirst({ where: { version: { id: versionId } } });
  if (image === null) throw new SlipwayError("image_not_found", `${object} has no image yet`);
  return image as unknown as VersionImage;
}

/** Keeps every row of a manifest from changing until the transaction ends. */
export async function lockManifest(tx: Transaction, { repository, digest }: ManifestName): Promise<void> {
  await tx.$queryRaw`SELECT 1 FROM images WHERE repository = ${repository} AND digest = ${digest} ORDER BY id FOR UPDATE`;
}

/** In SQL the index on record that lists manifest `i`, null where none does: who pulls the index by digest pulls that one too. */
export const indexDigest = Prisma.sql`(
  SELECT min(x.digest) FROM images x
  WHERE x.repository = i.repository AND x.digest <> i.digest AND x.status <> 'removed'
    AND x.platforms @> jsonb_build_array(jsonb_build_object('digest', i.digest)))`;

/** Manifests that an index lists and nobody else does, in what stays on record: they go with it. Of an image without an index
 *  there are none. */
export async function listedAlone(
  db: Database,
  { repository, digest, platforms }: ManifestName & Pick<VersionImage, "platforms">,
): Promise<Digest[]> {
  const listed = platforms.map((platform) => platform.digest).filter((each) => each !== digest);
  if (listed.length === 0) return [];
  const rows = await db.$queryRaw<{ digest: Digest }[]>`
    SELECT l.digest FROM unnest(${listed}::text[]) WITH ORDINALITY AS l (digest, place)
    WHERE NOT EXISTS (
      SELECT FROM images o
      WHERE o.repository = ${repository} AND o.digest <> ${digest} AND o.status NOT IN ('removing', 'removed')
        AND (o.digest = l.digest OR o.platforms @> jsonb_build_array(jsonb_build_object('digest', l.digest))))
    ORDER BY l.place`;
  return rows.map((row) => row.digest);
}

export async function indexOf(tx: Transaction, { repository, digest }: ManifestName): Promise<Digest | null> {
  const [found] = await tx.$queryRaw<[{ index: Digest | null }]>`
    SELECT ${indexDigest} AS index FROM (SELECT ${repository}::text AS repository, ${digest}::text AS digest) i`;
  return found.index;
}

/** Of all rows of a manifest, by the database's clock. */
export async function setStatus(
  tx: Transaction,
  { repository, digest }: ManifestName,
  {
    status,
    reason = null,
    freedBytes = null,
  }: { status: ImageStatus; reason?: string | null; freedBytes?: number | null },
): Promise<void> {
  await tx.$executeRaw`
    UPDATE images SET status = ${status}, reason = ${reason}, freed_bytes = ${freedBytes}, changed_at = now()
    WHERE repository = ${repository} AND digest = ${digest}`;
}
