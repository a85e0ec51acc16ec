import type { Digest } from "#core/artifacts/digest.ts";
import { openStatuses } from "#core/builds/build.ts";
import type { Transaction } from "#core/database/client.ts";
import type { ImagePlatform } from "#core/models/version.ts";
import { indexDigest } from "./image-row.ts";

/** An image of a model that its registry has, with all that decides whether it stays. */
export interface ImageFacts {
  id: string;
  /** `host/path` */
  repository: string;
  digest: Digest;
  platforms: ImagePlatform[];
  /** Of the version whose build made it. */
  versionId: string;
  version: string;
  number: number;
  /** The version shows it; the image of a rebuild it does not. */
  isOwn: boolean;
  /** The version is neither archived nor deleted, and its model neither. */
  isInUse: boolean;
  isExternal: boolean;
  /** The index on record that lists it. */
  index: Digest | null;
  isBuilding: boolean;
  tags: string[];
  /** The tag that a promotion waits to move to it. */
  awaitedBy: string | null;
  /** Why it could not be removed. */
  reason: string | null;
  changedAt: Date;
  /** Of the last build that has made it. */
  createdAt: Date;
}

/** One for each manifest, the newest first. Also of versions and models that were deleted: their images stay in the registry. */
export async function readModelImages(tx: Transaction, modelId: string): Promise<ImageFacts[]> {
  return tx.$queryRaw<ImageFacts[]>`
    SELECT DISTINCT ON (of_all."createdAt", i.repository, i.digest)
           i.id, i.repository, i.digest, i.platforms, v.id AS "versionId", v.semver AS version, v.number,
           v.image_id = i.id AS "isOwn",
           v.archived_at IS NULL AND v.deleted_at IS NULL AND m.deleted_at IS NULL AS "isInUse",
           of_all."isExternal", of_all."createdAt",
           ${indexDigest} AS index,
           EXISTS (SELECT FROM builds o WHERE o.version_id = v.id AND o.status = ANY (${[...openStatuses]}::text[])) AS "isBuilding",
           (SELECT coalesce(jsonb_agg(t.name ORDER BY t.name), '[]') FROM tags t
            WHERE t.model_id = m.id AND t.version_id IS NOT NULL AND t.image_digest = i.digest) AS tags,
           (SELECT p.tag FROM promotions p
            WHERE p.model_id = m.id AND p.status = 'waiting' AND p.image_digest = i.digest LIMIT 1) AS "awaitedBy",
           i.reason, i.changed_at AS "changedAt"
    FROM models m JOIN versions v ON v.model_id = m.id JOIN builds b ON b.version_id = v.id JOIN images i ON i.id = b.image_id
    CROSS JOIN LATERAL (
      SELECT bool_or(a.origin = 'external') AS "isExternal", max(a.created_at) AS "createdAt" FROM images a
      WHERE a.repository = i.repository AND a.digest = i.digest) of_all
    WHERE m.id = ${modelId}::uuid AND i.status = 'present'
    ORDER BY of_all."createdAt" DESC, i.repository, i.digest, v.image_id = i.id DESC NULLS LAST, i.id`;
}
