import type { Readable } from "node:stream";
import type { BlobKey, ByteRange } from "#core/artifacts/blob-store.ts";
import { type Afterwards, type Blob, commitIngested, keepIngested, openBlob } from "#core/artifacts/blobs.ts";
import type { Digest } from "#core/artifacts/digest.ts";
import { type Ingested, ingest } from "#core/artifacts/ingest.ts";
import { recordAudit } from "#core/audit/record-audit.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { keyOf, type Page, type PageRequest, pageOf, pageSize } from "#core/database/paging.ts";
import { SlipwayError } from "#core/errors.ts";
import { holdToQuotas } from "#core/quotas/hold-to-quotas.ts";
import type { Actor, Registry } from "#core/registry.ts";
import {
  type FileCount,
  fileCountColumns,
  largestFile,
  requireFewerFiles,
  spaceForFile,
  tighter,
} from "./file-limits.ts";
import { type FilePath, foldersOf, foldPath } from "./file-path.ts";
import { findDraft, readVersion, type VersionRow } from "./version.ts";

export interface StoredFile {
  path: string;
  digest: Digest;
  sizeBytes: number;
}

export interface NewFile {
  model: string;
  version: string;
  path: FilePath;
  body: Readable;
  /** As announced; null for a body that ends when it ends. */
  announcedBytes: number | null;
  expectedDigest?: Digest | undefined;
  signal?: AbortSignal | undefined;
  afterwards: Afterwards;
}

/** Bytes first, rows second: a crash in between leaves bytes without a row for the collector, never a row without
 *  bytes. Of a file that is refused nothing stays. A file of the same path is replaced. Throws `version_sealed`,
 *  `digest_mismatch`, `path_taken`, `too_many_files`, `file_too_large`, `space_exceeded`, `store_full`. */
export async function addFile(
  { db, blobs, config }: Pick<Registry, "db" | "blobs" | "config">,
  input: NewFile,
  actor: Actor,
): Promise<{ file: StoredFile; replaced: boolean }> {
  const { model, version, path } = input;
  // A body for a version that cannot take it is not worth storing.
  const { id, modelId } = await findDraft(db, model, version, "no lock");
  const largest = await largestFile({ db, config }, modelId);
  const limit = tighter(largest, await spaceForFile(db, { modelId, versionId: id, path }));
  const announcedBytes = input.announcedBytes ?? 0;
  if (limit !== null && announcedBytes > limit.bytes) throw limit.refusal();
  await blobs.requireRoom(announcedBytes);
  const { body, expectedDigest, signal } = input;
  const bytes = await ingest(blobs, body, { expectedDigest, signal, limit });
  const { key: _, ...blob } = bytes;
  const { file, replaced } = await commitIngested(blobs, [bytes], input.afterwards, () =>
    db.$transaction(async (tx) => {
      const draft = await findDraft(tx, model, version);
      const { needless, replaced } = await keepFile(tx, draft, path, bytes, actor);
      return { needless, file: { path, ...blob }, replaced };
    }),
  );
  return { file, replaced };
}

/** Bytes that are stored become a file of a draft, whose row is locked. Returns the keys that no row names. Throws
 *  `path_taken`, `too_many_files`, `space_exceeded`. */
export async function keepFile(
  tx: Transaction,
  { id, modelId, model, version }: VersionRow,
  path: FilePath,
  bytes: Ingested,
  actor: Actor,
): Promise<{ needless: BlobKey[]; replaced: boolean }> {
  const { key: _, ...blob } = bytes;
  const needless = await keepIngested(tx, [bytes]);
  const before = await recordFile(tx, id, path, blob);
  await recordAudit(tx, actor, {
    action: "file.put",
    object: `${model}:${version}/${path}`,
    objectId: id,
    model,
    ...(before === null ? {} : { before: { digest: before.digest } }),
    after: { ...blob },
  });
  await holdToQuotas(tx, modelId, { sizeBytes: blob.sizeBytes - (before?.sizeBytes ?? 0) });
  return { needless, replaced: before !== null };
}

/** Writes the row of a file, under the lock of its version. Returns what stood there before. */
async function recordFile(
  tx: Transaction,
  versionId: string,
  path: FilePath,
  blob: Blob,
): Promise<{ digest: string; sizeBytes: number } | null> {
  const before = await requirePlace(tx, versionId, path);
  const row = { blobDigest: blob.digest, sizeBytes: blob.sizeBytes };
  await tx.versionFile.upsert({
    where: { versionId_path: { versionId, path } },
    create: { versionId, path, foldedPath: foldPath(path), ...row },
    update: row,
  });
  return before;
}

/** Whether a file may stand at the path. Returns the one that does. Throws `path_taken`, `too_many_files`. */
export async function requirePlace(
  tx: Transaction,
  versionId: string,
  path: FilePath,
): Promise<{ digest: string; sizeBytes: number } | null> {
  const foldedPath = foldPath(path);
  const folders = foldersOf(path);
  const foldedFolders = foldersOf(foldedPath);
  // One statement: others wait for the lock of this version.
  const [found] = await tx.$queryRaw<[Place]>`
    SELECT ${fileCountColumns}, b.blob_digest AS digest, b.size_bytes::float8 AS "sizeBytes",
      (SELECT path FROM version_files
       WHERE version_id = v.id AND path <> ${path}
         AND (folded_path = ${foldedPath} OR folded_path = ANY (${foldedFolders})
              OR starts_with(folded_path, ${`${foldedPath}/`})
              OR EXISTS (SELECT 1 FROM unnest(${folders}::text[], ${foldedFolders}::text[]) AS f (folder, folded)
                         WHERE starts_with(folded_path, folded || '/') AND NOT starts_with(path, folder || '/')))
       LIMIT 1) AS clash
    FROM versions v LEFT JOIN version_files b ON b.version_id = v.id AND b.path = ${path}
    WHERE v.id = ${versionId}::uuid`;
  if (found.clash !== null) throw pathTaken(path, found.clash);
  if (found.digest !== null) return { digest: found.digest, sizeBytes: found.sizeBytes };
  await requireFewerFiles(tx, found, 1);
  return null;
}

/** What is found at a path, and in its way. */
type Place = FileCount & { clash: string | null } & (
    | { digest: string; sizeBytes: number }
    | { digest: null; sizeBytes: null }
  );

export function pathTaken(path: string, by: string): SlipwayError {
  return new SlipwayError(
    "path_taken",
    `"${path}" cannot stand beside "${by}": two files or folders may not differ in case alone, and a file is no folder; remove one of them`,
  );
}

/** Throws `version_sealed`, `file_not_found`, `files_verifying`. */
export async function removeFile(
  { db }: Pick<Registry, "db">,
  { model, version, path }: { model: string; version: string; path: FilePath },
  actor: Actor,
): Promise<void> {
  await db.$transaction(async (tx) => {
    const draft = await findDraft(tx, model, version);
    const { count } = await tx.versionFile.deleteMany({ where: { versionId: draft.id, path } });
    if (count === 0) throw await absence(tx, { versionId: draft.id, model, version, path });
    await recordAudit(tx, actor, {
      action: "file.delete",
      object: `${model}:${version}/${path}`,
      objectId: draft.id,
      model,
    });
  });
}

/** A file as it is listed. */
export interface ListedFile {
  path: string;
  /** Null for what came without one and is not read yet. */
  digest: Digest | null;
  sizeBytes: number;
  /** `verifying` until a worker has read it; where it replaces a file, that one is listed until then. */
  status: "stored" | "verifying";
}

/** By path. Throws `version_not_found`. */
export async function listFiles(
  { db }: Pick<Registry, "db">,
  { model, version, ...page }: { model: string; version: string } & PageRequest,
): Promise<Page<ListedFile>> {
  const after = keyOf("files", page.cursor);
  const size = pageSize(page);
  const { id } = await readVersion({ db }, model, version);
  // Each half by itself is a step along an index, however many files there are.
  const rows = await db.$queryRaw<ListedFile[]>`
    (SELECT path, blob_digest AS digest, size_bytes::float8 AS "sizeBytes", 'stored' AS status
     FROM version_files WHERE version_id = ${id}::uuid AND path > ${after ?? ""}
     ORDER BY path LIMIT ${size + 1})
    UNION ALL
    (SELECT DISTINCT ON (u.path COLLATE "C") u.path COLLATE "C", u.digest, u.size_bytes::float8, 'verifying'
     FROM uploads u WHERE u.version_id = ${id}::uuid AND u.state = 'verifying' AND u.path COLLATE "C" > ${after ?? ""}
       AND NOT EXISTS (SELECT 1 FROM version_files f WHERE f.version_id = u.version_id AND f.path = u.path)
     ORDER BY u.path COLLATE "C", u.id LIMIT ${size + 1})
    ORDER BY path LIMIT ${size + 1}`;
  return pageOf(
    "files",
    rows,
    size,
    (row) => row.path,
    (row) => row,
  );
}

/** All files of a version, by path. */
export async function allFiles(db: Pick<Transaction, "versionFile">, versionId: string): Promise<StoredFile[]> {
  return (await db.versionFile.findMany({ where: { versionId }, orderBy: { path: "asc" } })).map(storedFile);
}

function storedFile(row: { path: string; blobDigest: string; sizeBytes: bigint }): StoredFile {
  return { path: row.path, digest: row.blobDigest as Digest, sizeBytes: Number(row.sizeBytes) };
}

/** By semver or tag. Throws `version_not_found`, `file_not_found`, `files_verifying`. */
export async function findFile(
  { db }: Pick<Registry, "db">,
  { model, version, path }: { model: string; version: string; path: FilePath },
): Promise<StoredFile> {
  const { id } = await readVersion({ db }, model, version);
  const row = await db.versionFile.findUnique({ where: { versionId_path: { versionId: id, path } } });
  if (row === null) throw await absence(db, { versionId: id, model, version, path });
  return storedFile(row);
}

/** The caller owns the stream. */
export function openFile(
  needs: Pick<Registry, "db" | "blobs">,
  file: StoredFile,
  range?: ByteRange,
): Promise<Readable> {
  return openBlob(needs, file.digest, range);
}

/** Whoever was told that all bytes are there is not told that there is no such file. */
async function absence(
  db: Database | Transaction,
  { versionId, model, version, path }: { versionId: string; model: string; version: string; path: FilePath },
): Promise<SlipwayError> {
  const verifying = await db.upload.count({ where: { versionId, path, state: "verifying" } });
  if (verifying === 0) return fileNotFound(model, version, path);
  return new SlipwayError("files_verifying", `"${path}" is still being verified; try again shortly`);
}

function fileNotFound(model: string, version: string, path: string): SlipwayError {
  return new SlipwayError("file_not_found", `${model}:${version} has no file "${path}"`);
}
