import type { BlobKey } from "#core/artifacts/blob-store.ts";
import type { Afterwards } from "#core/artifacts/blobs.ts";
import type { Digest } from "#core/artifacts/digest.ts";
import { doomObjects, removeDoomed } from "#core/artifacts/doomed-objects.ts";
import { recordAudit } from "#core/audit/record-audit.ts";
import type { Transaction } from "#core/database/client.ts";
import { isSlipwayError, SlipwayError } from "#core/errors.ts";
import { forget, type Remember } from "#core/idempotency/keys.ts";
import { findDraftById } from "#core/models/version.ts";
import { type Actor, type Registry, slipwayActor } from "#core/registry.ts";
import { addWork } from "#core/work/work.ts";
import { endAsFile, endWithout } from "./end-upload.ts";
import { findUpload, lockUpload, requireOpen, type Upload, uploadFinished } from "./upload.ts";

/** The kind of work that verifies uploads; its subject is an upload. */
export const uploadWork = "upload";

/** All bytes of an upload are there, as one object. Where their digest is known it is a file at once, or has failed, and
 *  the reason is thrown; where it is not (null), a worker reads them. Throws `upload_finished`, `version_sealed`. */
export async function finishUpload(
  needs: Pick<Registry, "db" | "blobs" | "doorbell" | "config">,
  upload: Upload,
  { digest, afterwards }: { digest: Digest | null; afterwards: Afterwards },
  actor: Actor,
): Promise<Upload> {
  if (digest === null) return beginVerifying(needs, upload, actor);
  const settled = await settleUpload(needs, upload, digest, { actor });
  afterwards(async () => void (await removeDoomed(needs, settled.doomed)));
  if (settled.refusal !== null) throw settled.refusal;
  return settled.upload;
}

/** Has a worker read the bytes, which has until the upload expires anew. Throws `upload_finished`, `version_sealed`. */
export async function beginVerifying(
  { db, doorbell, config }: Pick<Registry, "db" | "doorbell" | "config">,
  { id, versionId }: Upload,
  actor: Actor,
  remember: Remember<Upload> = forget,
): Promise<Upload> {
  const { verifying, workId } = await db.$transaction(async (tx) => {
    await findDraftById(tx, versionId);
    requireOpen(await lockUpload(tx, id));
    const expiresAt = new Date(Date.now() + config.uploads.lifetimeMs);
    await tx.upload.update({ where: { id }, data: { state: "verifying", expiresAt } });
    const workId = await addWork(tx, { kind: uploadWork, subjectId: id, requestId: actor.requestId });
    const verifying = await lockUpload(tx, id);
    await remember(tx, verifying);
    return { verifying, workId };
  });
  await doorbell.ring(workId);
  return verifying;
}

/** Says by `end` what becomes of an object that was just completed. Where the upload was abandoned meanwhile its object may
 *  have come after its removal, and goes at once. */
export async function endWhole<T>(
  { db, blobs }: Pick<Registry, "db" | "blobs">,
  { id, key, storeId }: Upload,
  end: () => Promise<T>,
): Promise<T> {
  try {
    return await end();
  } catch (error) {
    const isAbandoned = isSlipwayError(error) && (await findUpload({ db }, id))?.status === "cancelled";
    if (isAbandoned) {
      await db.$transaction((tx) => doomObjects(tx, [{ key, storeId }]));
      await removeDoomed({ db, blobs }, [key]);
    }
    throw error;
  }
}

export interface Settled {
  upload: Upload;
  /** To be removed. */
  doomed: BlobKey[];
  /** Why it became no file. */
  refusal: SlipwayError | null;
}

/** The digest of an upload's bytes is known: it becomes a file, or fails for good. `alongside` is the first thing in the
 *  transaction that says so. Throws `upload_finished` where it was abandoned meanwhile, and `unavailable`. */
export async function settleUpload(
  { db }: Pick<Registry, "db">,
  { id, versionId }: Pick<Upload, "id" | "versionId">,
  digest: Digest,
  { actor, alongside = async () => {} }: { actor: Actor; alongside?: (tx: Transaction) => Promise<void> },
): Promise<Settled> {
  try {
    return await db.$transaction(async (tx) => {
      await alongside(tx);
      const draft = await findDraftById(tx, versionId);
      const upload = await lockInProgress(tx, id);
      if (upload.digest !== null && upload.digest !== digest) throw digestMismatch(upload.digest, digest);
      const doomed = await endAsFile(tx, upload, { draft, digest }, actor);
      return { upload: await lockUpload(tx, id), doomed, refusal: null };
    });
  } catch (refusal) {
    if (!isSlipwayError(refusal) || refusal.code === "unavailable" || refusal.code === "upload_finished") throw refusal;
    const error = { code: refusal.code, message: refusal.message };
    return { ...(await failUpload({ db }, id, { error, requestId: actor.requestId, alongside })), refusal };
  }
}

/** By Slipway, for what it found. Throws `upload_finished`. */
export async function failUpload(
  { db }: Pick<Registry, "db">,
  id: string,
  {
    error,
    requestId,
    alongside,
  }: {
    error: { code: string; message: string };
    requestId: string | null;
    alongside: (tx: Transaction) => Promise<void>;
  },
): Promise<Pick<Settled, "upload" | "doomed">> {
  return db.$transaction(async (tx) => {
    await alongside(tx);
    const upload = await lockInProgress(tx, id);
    const doomed = await endWithout(tx, upload, { status: "failed", error });
    const { model, version, path } = upload;
    await recordAudit(tx, slipwayActor(requestId), {
      action: "upload.fail",
      object: `${model}:${version}/${path}`,
      objectId: id,
      model,
      after: { status: "failed", error },
    });
    return { upload: await lockUpload(tx, id), doomed };
  });
}

/** Throws `upload_finished`. */
async function lockInProgress(tx: Transaction, id: string): Promise<Upload> {
  const upload = await lockUpload(tx, id);
  if (upload.status !== "open" && upload.status !== "verifying") throw uploadFinished(upload);
  return upload;
}

function digestMismatch(announced: Digest, found: Digest): SlipwayError {
  return new SlipwayError(
    "digest_mismatch",
    `the bytes have the digest ${found}, not ${announced} as announced; nothing was kept, send them again`,
  );
}
