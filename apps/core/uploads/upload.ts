import type { BlobKey, PartsId } from "#core/artifacts/blob-store.ts";
import type { Digest } from "#core/artifacts/digest.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { isId } from "#core/database/ids.ts";
import { SlipwayError } from "#core/errors.ts";
import type { FilePath } from "#core/models/file-path.ts";
import { findVersion } from "#core/models/version.ts";
import { Prisma } from "#prisma/client/client.ts";

/*
 *           all bytes are there             a worker has read them
 *   open ──────────────┬──────▶ verifying ──────────┬──────▶ stored: it is a file
 *     │                │            │               └──────▶ failed: it became none
 *     │                └─ digest known: stored or failed at once
 *     └──────▶ cancelled ◀──────────┘
 *
 * Bytes of what failed or was cancelled are removed. Locks are taken in the order of work, version, upload.
 */
export const uploadStatuses = ["open", "verifying", "stored", "failed", "cancelled"] as const;
export type UploadStatus = (typeof uploadStatuses)[number];

/** `direct`: its client sends parts to the store itself, in any order; `resumable`: through the API, from first to last. */
export const uploadKinds = ["direct", "resumable"] as const;
export type UploadKind = (typeof uploadKinds)[number];

/** A file on its way into a draft, over more than one request. */
export interface Upload {
  id: string;
  kind: UploadKind;
  model: string;
  version: string;
  versionId: string;
  path: FilePath;
  sizeBytes: number;
  /** As announced; null where it was not and is not known yet. */
  digest: Digest | null;
  key: BlobKey;
  storeId: PartsId;
  /** Of every part but the last. */
  partSizeBytes: number;
  status: UploadStatus;
  /** Durable, of a resumable upload. */
  receivedBytes: number;
  /** Holds the last of them, which fill no part yet. */
  tailKey: BlobKey | null;
  tailDigest: Digest | null;
  /** A writer was left behind, and may still write. */
  takenOver: boolean;
  error: { code: string; message: string } | null;
  createdAt: Date;
  createdBy: string;
  tokenId: string | null;
  expiresAt: Date;
  finishedAt: Date | null;
}

/** Uploads, each with the name that its model has now; the caller adds `WHERE`. */
export const selectUpload = Prisma.sql`
  SELECT u.id, u.kind, m.name AS model, v.semver AS version, u.version_id AS "versionId", u.path,
         u.size_bytes::float8 AS "sizeBytes", u.digest, u.key, u.store_id AS "storeId",
         u.part_bytes::float8 AS "partSizeBytes", u.state AS status, u.received_bytes::float8 AS "receivedBytes",
         u.tail_key AS "tailKey", u.tail_digest AS "tailDigest", u.taken_over AS "takenOver",
         CASE WHEN u.error_code IS NULL THEN NULL
              ELSE jsonb_build_object('code', u.error_code, 'message', u.error_message) END AS error,
         u.created_at AS "createdAt", u.created_by AS "createdBy", u.token_id AS "tokenId", u.expires_at AS "expiresAt",
         u.finished_at AS "finishedAt"
  FROM uploads u JOIN versions v ON v.id = u.version_id JOIN models m ON m.id = v.model_id`;

/** Where a URL names an upload. */
export interface UploadName {
  model: string;
  version: string;
  id: string;
}

/** Throws `version_not_found`, `upload_not_found`. */
export async function readUpload(
  { db }: { db: Database | Transaction },
  { model, version, id }: UploadName,
): Promise<Upload> {
  const { id: versionId } = await findVersion(db, model, version);
  if (!isId(id)) throw uploadNotFound(id);
  const [upload] = await db.$queryRaw<Upload[]>`
    ${selectUpload} WHERE u.id = ${id}::uuid AND u.version_id = ${versionId}::uuid`;
  if (upload === undefined) throw uploadNotFound(id);
  return upload;
}

/** Null where it is gone. */
export async function findUpload({ db }: { db: Database | Transaction }, id: string): Promise<Upload | null> {
  const [upload] = await db.$queryRaw<Upload[]>`${selectUpload} WHERE u.id = ${id}::uuid`;
  return upload ?? null;
}

/** The row, locked for the rest of the transaction. Throws `upload_not_found`. */
export async function lockUpload(tx: Transaction, id: string): Promise<Upload> {
  const [upload] = await tx.$queryRaw<Upload[]>`${selectUpload} WHERE u.id = ${id}::uuid FOR UPDATE OF u`;
  if (upload === undefined) throw uploadNotFound(id);
  return upload;
}

/** Throws `upload_finished` where it takes no more bytes. */
export function requireOpen(upload: Upload): void {
  if (upload.status !== "open") throw uploadFinished(upload);
}

const finished: Record<Exclude<UploadStatus, "open">, string> = {
  verifying: "all its bytes are there, and are being verified",
  stored: "it is a file already",
  failed: "it has failed; start another",
  cancelled: "it was cancelled, or has expired; start another",
};

export function uploadFinished({ status, error }: Upload): SlipwayError {
  const why = status === "open" ? "" : finished[status];
  return new SlipwayError(
    "upload_finished",
    `this upload is over: ${error === null ? why : `${why} (${error.message})`}`,
  );
}

function uploadNotFound(id: string): SlipwayError {
  return new SlipwayError("upload_not_found", `this version has no upload "${id.slice(0, 100)}"`);
}
