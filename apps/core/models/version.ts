import type { Database, Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import type { VersionSource } from "#core/federation/source.ts";
import { isFor } from "#core/quotas/use.ts";
import { isHeld } from "#core/work/held.ts";
import { Prisma } from "#prisma/client/client.ts";
import type { Labels } from "./labels.ts";
import { modelNotFound } from "./model.ts";
import { isSemver, semverKey } from "./semver.ts";

export const versionStatuses = ["draft", "verifying", "sealed", "building", "ready", "failed", "archived"] as const;
export type VersionStatus = (typeof versionStatuses)[number];

/** `removed` by Slipway, `missing` where the registry was found without it. */
export const imageStatuses = ["present", "removing", "removed", "missing"] as const;
export type ImageStatus = (typeof imageStatuses)[number];

/** An image as it is kept; see images/image-builder.ts for what its platforms hold. */
export interface ImageRecord {
  repository: string;
  digest: string;
  origin: "built" | "external";
  platforms: ImagePlatform[];
  /** Whether its registry has it. */
  status: ImageStatus;
  /** What is missing of it; of a present one why it could not be removed. */
  reason: string | null;
}

/** `host/path@sha256:…` */
export function imageReference({ repository, digest }: { repository: string; digest: string }): string {
  return `${repository}@${digest}`;
}

export interface ImagePlatform {
  platform: string;
  digest: string;
  sizeBytes: number;
  /** Of an image that was built elsewhere nobody says what its layers hold. */
  layers: { digest: string; sizeBytes: number; kind: "base" | "runtime" | "dependencies" | "model" | "other" }[];
  /** Of an image that was built elsewhere. */
  config?: { user: string; ports: string[]; healthCheck: boolean; labels: Record<string, string> };
}

export const proofStatuses = ["pending", "passed", "failed", "not_run"] as const;
export const proofSubjects = ["health", "prediction"] as const;

/** What came of trying an image: the newest proof of it. */
export interface ProofRecord {
  status: (typeof proofStatuses)[number];
  /** What was looked at, or will be. */
  checked: (typeof proofSubjects)[number];
  /** One line; of a pending one, what it waits for. */
  reason: string | null;
  coldStartMs: number | null;
  latencyMs: { p50: number; p99: number } | null;
  memoryBytes: number | null;
  /** The container's last lines; null in lists. */
  log: string | null;
  /** Null where they were not asked for, and while they are waited for. */
  tests: TestsRecord | null;
}

export const testsStatuses = ["passed", "failed", "not_run"] as const;

/** What came of a package's own tests in its image. */
export interface TestsRecord {
  status: (typeof testsStatuses)[number];
  passed: number;
  failed: number;
  skipped: number;
  /** One line: why they failed (the first that did), or were not run. */
  reason: string | null;
  /** The last lines that they wrote; null in lists. */
  log: string | null;
}

/** A version as it is read. */
export interface Version {
  id: string;
  model: string;
  version: string;
  number: number;
  status: VersionStatus;
  contentDigest: string | null;
  sizeBytes: bigint;
  fileCount: number;
  format: string | null;
  description: string;
  labels: Labels;
  metadata: Record<string, unknown>;
  /** The pipeline's run that all of it came from; null where there is none, and of a draft. */
  source: VersionSource | null;
  build: { id: string; status: string } | null;
  image: ImageRecord | null;
  proof: ProofRecord | null;
  tags: string[];
  createdAt: Date;
  createdBy: string;
  sealedAt: Date | null;
}

/** The state follows from what is on record; a draft is `verifying` while a worker reads what was uploaded into it. A ready
 *  image stays ready through a rebuild, and for as long as its registry has it. */
export const versionStatus = Prisma.sql`
  CASE WHEN v.sealed_at IS NULL
       THEN CASE WHEN EXISTS (SELECT 1 FROM uploads u WHERE u.version_id = v.id AND u.state = 'verifying')
                 THEN 'verifying' ELSE 'draft' END
       WHEN v.archived_at IS NOT NULL THEN 'archived'
       WHEN i.status = 'present' THEN 'ready'
       WHEN b.status IN ('running', 'waiting') THEN 'building'
       WHEN b.status = 'failed' THEN 'failed'
       ELSE 'sealed' END`;

const columns = ({ log, tests }: { log: Prisma.Sql; tests: Prisma.Sql }) => Prisma.sql`
  v.id, m.name AS model, v.semver AS version, v.semver_key AS "semverKey", v.number, ${versionStatus} AS status,
  v.content_digest AS "contentDigest", v.format, v.description, v.labels, v.metadata, v.source,
  CASE WHEN v.sealed_at IS NULL
       THEN (SELECT coalesce(sum(f.size_bytes), 0)::bigint FROM version_files f WHERE f.version_id = v.id)
       ELSE v.size_bytes END AS "sizeBytes",
  CASE WHEN v.sealed_at IS NULL
       THEN (SELECT count(*)::int FROM version_files f WHERE f.version_id = v.id)
       ELSE v.file_count END AS "fileCount",
  CASE WHEN b.id IS NULL THEN NULL ELSE jsonb_build_object('id', b.id, 'status', b.status) END AS build,
  CASE WHEN i.id IS NULL THEN NULL
       ELSE jsonb_build_object('repository', i.repository, 'digest', i.digest, 'origin', i.origin, 'platforms', i.platforms,
                               'status', i.status, 'reason', i.reason) END AS image,
  CASE WHEN p.id IS NULL THEN NULL
       ELSE jsonb_build_object(
         'status', p.status, 'checked', p.checked, 'reason', p.reason, 'coldStartMs', p.cold_start_ms,
         'latencyMs', CASE WHEN p.latency_p50_ms IS NULL THEN NULL
                           ELSE jsonb_build_object('p50', p.latency_p50_ms, 'p99', p.latency_p99_ms) END,
         'memoryBytes', p.memory_bytes, 'log', ${log}, 'tests', ${tests}) END AS proof,
  (SELECT coalesce(jsonb_agg(t.name ORDER BY t.name), '[]') FROM tags t WHERE t.version_id = v.id) AS tags,
  v.created_at AS "createdAt", v.created_by AS "createdBy", v.sealed_at AS "sealedAt"`;

/** Without the logs of proofs, of which a list would hold too much. */
export const versionColumns = columns({
  log: Prisma.sql`NULL::text`,
  tests: Prisma.sql`p.tests || '{"log": null}'`,
});

/** The latest build, the image and its latest proof of version `v`. A build that no worker holds is queued, whatever the last one had
 *  written before it was lost. */
export const versionJoins = Prisma.sql`
  LEFT JOIN LATERAL (
    SELECT b.id, CASE WHEN b.status = 'running' AND NOT ${isHeld("build", Prisma.sql`b.id`)} THEN 'queued' ELSE b.status END AS status
    FROM builds b WHERE b.version_id = v.id ORDER BY b.created_at DESC, b.id DESC LIMIT 1) b ON true
  LEFT JOIN images i ON i.id = v.image_id
  LEFT JOIN LATERAL (
    SELECT * FROM proofs p WHERE p.image_id = v.image_id ORDER BY p.created_at DESC, p.id DESC LIMIT 1) p ON true`;

/** A living version of model `m` by what a URL names: a semver, or a tag. */
function named(reference: string): Prisma.Sql {
  return isSemver(reference)
    ? Prisma.sql`v.semver_key = ${semverKey(reference)}`
    : Prisma.sql`v.id = (SELECT t.version_id FROM tags t WHERE t.model_id = m.id AND t.name = ${reference})`;
}

/** By semver or by tag, in one round trip. Throws `model_not_found`, `version_not_found`. */
export async function readVersion(
  { db }: { db: Database | Transaction },
  model: string,
  reference: string,
): Promise<Version> {
  const [row] = await db.$queryRaw<(Version | { id: null })[]>`
    SELECT ${columns({ log: Prisma.sql`p.log`, tests: Prisma.sql`p.tests` })}
    FROM models m
    LEFT JOIN versions v ON v.model_id = m.id AND v.deleted_at IS NULL AND ${named(reference)}
    ${versionJoins}
    WHERE m.name = ${model} AND m.deleted_at IS NULL`;
  if (row === undefined) throw modelNotFound(model);
  if (row.id === null) throw versionNotFound(model, reference);
  return row;
}

/** The same of one that was found before, also where its model was deleted. Throws `version_not_found`. */
export async function readVersionById(tx: Transaction, id: string): Promise<Version> {
  const [row] = await tx.$queryRaw<Version[]>`
    SELECT ${versionColumns}
    FROM versions v JOIN models m ON m.id = v.model_id
    ${versionJoins}
    WHERE v.id = ${id}::uuid AND v.deleted_at IS NULL`;
  if (row === undefined) throw versionDeleted();
  return row;
}

export interface VersionRow {
  id: string;
  modelId: string;
  model: string;
  repository: string;
  version: string;
  sealedAt: Date | null;
  archivedAt: Date | null;
  imageId: string | null;
  /** Whether a quota is for its model. */
  hasQuota: boolean;
}

const rowColumns = Prisma.sql`
  v.id, m.id AS "modelId", m.name AS model, m.repository, v.semver AS version, v.sealed_at AS "sealedAt",
  v.archived_at AS "archivedAt", v.image_id AS "imageId",
  EXISTS (SELECT 1 FROM quotas q WHERE ${isFor(Prisma.sql`m.name`)}) AS "hasQuota"`;

/** What changes of a version start from. Tags are not taken here: a change names the version itself.
 *  `lock` keeps the row for the rest of the transaction. Throws `model_not_found`, `version_not_found`. */
export async function findVersion(
  db: Database | Transaction,
  model: string,
  version: string,
  lock: "for update" | "no lock" = "no lock",
): Promise<VersionRow> {
  if (isSemver(version)) {
    const [row] = await db.$queryRaw<VersionRow[]>`
      SELECT ${rowColumns}
      FROM models m JOIN versions v ON v.model_id = m.id
      WHERE m.name = ${model} AND m.deleted_at IS NULL AND v.deleted_at IS NULL AND v.semver_key = ${semverKey(version)}
      ${lock === "for update" ? Prisma.sql`FOR UPDATE OF v` : Prisma.empty}`;
    if (row !== undefined) return row;
  }
  const known = await db.model.count({ where: { name: model, deletedAt: null } });
  throw known === 0 ? modelNotFound(model) : versionNotFound(model, version);
}

/** A draft; what changes it holds its lock. Throws `version_sealed` where it is one no longer. */
export async function findDraft(
  db: Database | Transaction,
  model: string,
  version: string,
  lock: "for update" | "no lock" = "for update",
): Promise<VersionRow> {
  return stillDraft(await findVersion(db, model, version, lock));
}

/** The same for what has been on its way to it since, under whatever name its model has now. */
export async function findDraftById(tx: Transaction, id: string): Promise<VersionRow> {
  const [row] = await tx.$queryRaw<VersionRow[]>`
    SELECT ${rowColumns} FROM models m JOIN versions v ON v.model_id = m.id
    WHERE v.id = ${id}::uuid AND m.deleted_at IS NULL AND v.deleted_at IS NULL FOR UPDATE OF v`;
  if (row === undefined) throw versionDeleted();
  return stillDraft(row);
}

function stillDraft(row: VersionRow): VersionRow {
  if (row.sealedAt === null) return row;
  throw new SlipwayError(
    "version_sealed",
    `${row.model}:${row.version} is sealed: its files and metadata never change; make a new version`,
  );
}

function versionDeleted(): SlipwayError {
  return new SlipwayError("version_not_found", "the version was deleted");
}

/** Why the image of a version cannot be run or tagged at the moment, and what is to be done about that; null where its registry
 *  has it, or where it has none yet. */
export function whyImageIsAway({
  model,
  version,
  status,
  image,
}: Pick<Version, "model" | "version" | "status" | "image">): string | null {
  if (image === null || image.status === "present") return null;
  const object = `${model}:${version}`;
  if (image.status === "removing") return `the image of ${object} is being removed from its registry`;
  const away = image.status === "removed" ? "was removed from its registry" : "is not in its registry any more";
  if (status === "archived") return `the image of ${object} ${away}, and an archived version's is not put back`;
  const first =
    image.origin === "external" ? `push ${imageReference(image)} again, and then ask for it` : "put it back first";
  return `the image of ${object} ${away}: ${first}, with POST …/versions/${version}/image/restore`;
}

export function versionNotFound(model: string, reference: string): SlipwayError {
  const name = reference.slice(0, 200);
  return new SlipwayError(
    "version_not_found",
    `${model} has no version ${isSemver(reference) ? "" : "or tag "}"${name}"`,
  );
}
