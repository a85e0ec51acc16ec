import { newKey } from "#core/artifacts/blob-store.ts";
import type { Digest } from "#core/artifacts/digest.ts";
import { claimObjects } from "#core/artifacts/doomed-objects.ts";
import { evenPartBytes, mostObjectBytes } from "#core/artifacts/part-plan.ts";
import type { Transaction } from "#core/database/client.ts";
import { newId } from "#core/database/ids.ts";
import { isSlipwayError, SlipwayError } from "#core/errors.ts";
import { forget, type Remember } from "#core/idempotency/keys.ts";
import { largestFile, spaceForFile } from "#core/models/file-limits.ts";
import type { FilePath } from "#core/models/file-path.ts";
import { requirePlaces } from "#core/models/file-rows.ts";
import { findDraft } from "#core/models/version.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { lockUpload, type Upload, type UploadKind } from "./upload.ts";

export interface NewUpload {
  kind: UploadKind;
  model: string;
  version: string;
  path: FilePath;
  sizeBytes: number;
  digest: Digest | null;
}

const mebibyte = 1024 ** 2;
/** What passes through the API stays in its memory, a part for each writer; what does not costs a request for each. */
const preferredPartBytes: Record<UploadKind, number> = { resumable: 8 * mebibyte, direct: 16 * mebibyte };

/** Of one version: each keeps parts at the store until it ends. */
const mostInProgress = 1_000;

/** Parts begun first, row second: a crash in between leaves an upload in parts without a row for the collector. The
 *  draft may change while the bytes come, so its state, the path and the quotas are looked at again when they are there; the
 *  largest file and the free space are not. Throws
 *  `version_sealed`, `path_taken`, `too_many_files`, `file_too_large`, `space_exceeded`, `store_full`. */
export async function startUpload(
  { db, blobs, config }: Pick<Registry, "db" | "blobs" | "config">,
  input: NewUpload,
  actor: Actor,
  remember: Remember<Upload> = forget,
): Promise<Upload> {
  const { model, version, path, sizeBytes } = input;
  const draft = await findDraft(db, model, version, "no lock");
  await requireRoom({ db, blobs, config }, { modelId: draft.modelId, versionId: draft.id, path, sizeBytes });
  const key = newKey();
  const partBytes = evenPartBytes(sizeBytes, preferredPartBytes[input.kind], blobs.parts.limits);
  const storeId = await blobs.parts.begin(key, { partBytes });
  try {
    return await db.$transaction(async (tx) => {
      const { id: versionId } = await findDraft(tx, model, version);
      await requirePlaces(tx, versionId, [path]);
      await requireFewInProgress(tx, versionId);
      await claimObjects(tx, [key]);
      const id = newId();
      const { kind, digest } = input;
      const expiresAt = new Date(Date.now() + config.uploads.lifetimeMs);
      const row = { id, kind, versionId, path, sizeBytes, digest, key, storeId, partBytes, expiresAt };
      await tx.upload.create({ data: { ...row, createdBy: actor.name, tokenId: actor.tokenId } });
      const upload = await lockUpload(tx, id);
      await remember(tx, upload);
      return upload;
    });
  } catch (error) {
    // A refusal is rolled back for sure; whatever else ended the transaction may have been committed.
    if (isSlipwayError(error)) await Promise.allSettled([blobs.parts.abort(key, storeId)]); // or the collector does it
    throw error;
  }
}

/** What is announced takes room from the moment that its parts may come. */
async function requireRoom(
  { db, blobs, config }: Pick<Registry, "db" | "blobs" | "config">,
  { sizeBytes, ...file }: { modelId: string; versionId: string; path: FilePath; sizeBytes: number },
): Promise<void> {
  if (sizeBytes > mostObjectBytes)
    throw new SlipwayError("file_too_large", `a file has at most ${mostObjectBytes} bytes, and this one ${sizeBytes}`);
  const largest = await largestFile({ db, config }, file.modelId);
  if (largest !== null && sizeBytes > largest.bytes) throw largest.refusal();
  await blobs.requireRoom(sizeBytes);
  for (const withAnnounced of [false, true]) {
    const limit = await spaceForFile(db, file, { withAnnounced });
    if (limit !== null && sizeBytes > limit.bytes) throw limit.refusal();
  }
}

async function requireFewInProgress(tx: Transaction, versionId: string): Promise<void> {
  const inProgress = await tx.upload.count({ where: { versionId, state: { in: ["open", "verifying"] } } });
  if (inProgress < mostInProgress) return;
  throw new SlipwayError(
    "too_many_files",
    `this version has ${inProgress} uploads in progress, which is the most: finish some of them, or delete them`,
  );
}
