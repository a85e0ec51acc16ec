import type { Readable } from "node:stream";
import type { ByteRange } from "#core/artifacts/blob-store.ts";
import { type Afterwards, type Blob, commitIngested, keepIngested, openBlob } from "#core/artifacts/blobs.ts";
import type { Digest } from "#core/artifacts/digest.ts";
import { ingest, type SizeLimit } from "#core/artifacts/ingest.ts";
import { recordAudit } from "#core/audit/record-audit.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { keyOf, type Page, type PageRequest, pageOf, pageSize } from "#core/database/paging.ts";
import { SlipwayError } from "#core/errors.ts";
import { bytesLeft, holdToQuotas } from "#core/quotas/hold-to-quotas.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { type FilePath, foldersOf, foldPath } from "./file-path.ts";
import { findDraft, readVersion } from "./version.ts";

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

/** Files of one version: a package of more has data in it that belongs elsewhere, or into one archive file. */
export const fileLimit = 10_000;

/** Bytes first, rows second: a crash in between leaves bytes without a row for the collector, never a row without
 *  bytes. Of a file that is refused nothing stays. A file of the same path is replaced. Throws `version_sealed`,
 *  `digest_mismatch`, `path_taken`, `too_many_files`, `quota_exceeded`. */
export async function addFile(
  { db, blobs }: Pick<Registry, "db" | "blobs">,
  input: NewFile,
  actor: Actor,
): Promise<{ file: StoredFile; replaced: boolean }> {
  const { model, version, path } = input;
  // A body for a version that cannot take it is not worth storing.
  const { id, modelId } = await findDraft(db, model, version, "no lock");
  const limit = await limitOfFile(db, { modelId, versionId: id, path });
  if (limit !== null && input.announcedBytes !== null && input.announcedBytes > limit.bytes) throw limit.refusal();
  const { body, expectedDigest, signal } = input;
  const bytes = await ingest(blobs, body, { expectedDigest, signal, limit });
  const { key: _, ...blob } = bytes;
  const { file, replaced } = await commitIngested(blobs, [bytes], input.afterwards, () =>
    db.$transaction(async (tx) => {
      const draft = await findDraft(tx, model, version);
      const needless = await keepIngested(tx, [bytes]);
      const before = await recordFile(tx, draft.id, path, blob);
      await recordAudit(tx, actor, {
        action: "file.put",
        object: `${model}:${version}/${path}`,
        objectId: draft.id,
        model,
        ...(before === null ? {} : { before: { digest: before.digest } }),
        after: { ...blob },
      });
      await holdToQuotas(tx, draft.modelId, { sizeBytes: blob.sizeBytes - (before?.sizeBytes ?? 0) });
      return { needless, file: { path, ...blob }, replaced: before !== null };
    }),
  );
  return { file, replaced };
}

/** What the quotas leave, and the file that makes room by being replaced. */
async function limitOfFile(
  db: Database,
  { modelId, versionId, path }: { modelId: string; versionId: string; path: FilePath },
): Promise<SizeLimit | null> {
  const left = await bytesLeft(db, modelId);
  if (left === null) return null;
  const replaced = await db.versionFile.findUnique({ where: { versionId_path: { versionId, path } } });
  return { ...left, bytes: left.bytes + Number(replaced?.sizeBytes ?? 0) };
}

/** Writes the row of a file, under the lock of its version. Returns what stood there before. */
async function recordFile(
  tx: Transaction,
  versionId: string,
  path: FilePath,
  blob: Blob,
): Promise<{ digest: string; sizeBytes: number } | null> {
  const foldedPath = foldPath(path);
  const folders = foldersOf(path);
  const foldedFolders = foldersOf(foldedPath);
  const [clash] = await tx.$queryRaw<{ path: string }[]>`
    SELECT path FROM version_files
    WHERE version_id = ${versionId}::uuid AND path <> ${path}
      AND (folded_path = ${foldedPath} OR folded_path = ANY (${foldedFolders})
           OR starts_with(folded_path, ${`${foldedPath}/`})
           OR EXISTS (SELECT 1 FROM unnest(${folders}::text[], ${foldedFolders}::text[]) AS f (folder, folded)
                      WHERE starts_with(folded_path, folded || '/') AND NOT starts_with(path, folder || '/')))
    LIMIT 1`;
  if (clash !== undefined) throw pathTaken(path, clash.path);
  const before = await tx.versionFile.findUnique({
    where: { versionId_path: { versionId, path } },
    select: { blobDigest: true, sizeBytes: true },
  });
  if (before === null && (await tx.versionFile.count({ where: { versionId } })) >= fileLimit) throw tooManyFiles();
  const row = { blobDigest: blob.digest, sizeBytes: blob.sizeBytes };
  await tx.versionFile.upsert({
    where: { versionId_path: { versionId, path } },
    create: { versionId, path, foldedPath, ...row },
    update: row,
  });
  return before === null ? null : { digest: before.blobDigest, sizeBytes: Number(before.sizeBytes) };
}

export function tooManyFiles(): SlipwayError {
  return new SlipwayError(
    "too_many_files",
    `a version holds at most ${fileLimit} files: put small ones together into an archive file that the model reads`,
  );
}

export function pathTaken(path: string, by: string): SlipwayError {
  return new SlipwayError(
    "path_taken",
    `"${path}" cannot stand beside "${by}": two files or folders may not differ in case alone, and a file is no folder; remove one of them`,
  );
}

/** Throws `version_sealed`, `file_not_found`. */
export async function removeFile(
  { db }: Pick<Registry, "db">,
  { model, version, path }: { model: string; version: string; path: FilePath },
  actor: Actor,
): Promise<void> {
  await db.$transaction(async (tx) => {
    const draft = await findDraft(tx, model, version);
    const { count } = await tx.versionFile.deleteMany({ where: { versionId: draft.id, path } });
    if (count === 0) throw fileNotFound(model, version, path);
    await recordAudit(tx, actor, {
      action: "file.delete",
      object: `${model}:${version}/${path}`,
      objectId: draft.id,
      model,
    });
  });
}

/** By path. Throws `version_not_found`. */
export async function listFiles(
  { db }: Pick<Registry, "db">,
  { model, version, ...page }: { model: string; version: string } & PageRequest,
): Promise<Page<StoredFile>> {
  const after = keyOf("files", page.cursor);
  const size = pageSize(page);
  const { id } = await readVersion({ db }, model, version);
  const rows = await db.versionFile.findMany({
    where: { versionId: id, ...(after === null ? {} : { path: { gt: after } }) },
    orderBy: { path: "asc" },
    take: size + 1,
  });
  return pageOf("files", rows, size, (row) => row.path, storedFile);
}

/** All files of a version, by path. */
export async function allFiles(db: Pick<Transaction, "versionFile">, versionId: string): Promise<StoredFile[]> {
  return (await db.versionFile.findMany({ where: { versionId }, orderBy: { path: "asc" } })).map(storedFile);
}

function storedFile(row: { path: string; blobDigest: string; sizeBytes: bigint }): StoredFile {
  return { path: row.path, digest: row.blobDigest as Digest, sizeBytes: Number(row.sizeBytes) };
}

/** By semver or tag. Throws `version_not_found`, `file_not_found`. */
export async function findFile(
  { db }: Pick<Registry, "db">,
  { model, version, path }: { model: string; version: string; path: FilePath },
): Promise<StoredFile> {
  const { id } = await readVersion({ db }, model, version);
  const row = await db.versionFile.findUnique({ where: { versionId_path: { versionId: id, path } } });
  if (row === null) throw fileNotFound(model, version, path);
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

function fileNotFound(model: string, version: string, path: string): SlipwayError {
  return new SlipwayError("file_not_found", `${model}:${version} has no file "${path}"`);
}
