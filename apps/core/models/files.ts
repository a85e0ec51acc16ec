import type { Readable } from "node:stream";
import type { ByteRange } from "#core/artifacts/blob-store.ts";
import { openBlob } from "#core/artifacts/blobs.ts";
import type { Digest } from "#core/artifacts/digest.ts";
import { recordAudit } from "#core/audit/record-audit.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { keyOf, type Page, type PageRequest, pageOf, pageSize } from "#core/database/paging.ts";
import { isSlipwayError, SlipwayError } from "#core/errors.ts";
import type { Actor, Registry } from "#core/registry.ts";
import type { FilePath } from "./file-path.ts";
import { findDraft, readVersion } from "./version.ts";

export interface StoredFile {
  path: string;
  digest: Digest;
  sizeBytes: number;
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
  const look = () => db.versionFile.findUnique({ where: { versionId_path: { versionId: id, path } } });
  const row = await look();
  if (row !== null) return storedFile(row);
  const why = await absence(db, { versionId: id, model, version, path });
  // Between the two it may have been verified, and become a file.
  const late = isSlipwayError(why, "file_not_found") ? await look() : null;
  if (late === null) throw why;
  return storedFile(late);
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
