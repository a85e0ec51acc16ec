import { pipeline } from "node:stream/promises";
import type { BlobStore } from "#core/artifacts/blob-store.ts";
import { type Digest, digestFrom, sha256 } from "#core/artifacts/digest.ts";
import { removeDoomed } from "#core/artifacts/doomed-objects.ts";
import type { Transaction } from "#core/database/client.ts";
import { isSlipwayError, messageOf, SlipwayError } from "#core/errors.ts";
import type { Actor, Registry } from "#core/registry.ts";
import type { WorkHandler } from "#core/work/run-work.ts";
import { backoffMs, type Claim, closeWork, endWork, putOffWork, StaleClaim } from "#core/work/work.ts";
import { failUpload, settleUpload } from "./finish-upload.ts";
import { findUpload, type Upload } from "./upload.ts";

type Needs = Pick<Registry, "db" | "blobs">;

/** Reads the bytes of an upload once, whoever else has the same, and makes it a file where they are the announced ones.
 *  Nothing shows before that: a worker that is killed leaves an upload that is verified again. Faults of the store are
 *  waited out until the upload expires. */
export function uploadHandler(needs: Needs): WorkHandler {
  return {
    async run(claim, signal, line) {
      const upload = await verifying(needs, claim);
      if (upload === null) return closeWork(needs.db, claim);
      try {
        const digest = await readDigest(needs.blobs, upload, signal);
        // With a digest it is what whoever began it has announced, whoever sent the bytes.
        const tokenId = upload.digest === null ? null : upload.tokenId;
        const actor: Actor = { name: upload.createdBy, requestId: claim.requestId, address: null, tokenId };
        const alongside = (tx: Transaction) => endWork(tx, claim);
        const { doomed, refusal } = await settleUpload(needs, upload, digest, { actor, alongside });
        await removeDoomed(needs, doomed);
        if (refusal === null) line.info({ digest }, "the upload is verified");
        else line.info({ code: refusal.code, message: refusal.message }, "the upload failed");
      } catch (error) {
        if (signal.aborted || error instanceof StaleClaim) throw error;
        if ((await verifying(needs, claim)) === null) return closeWork(needs.db, claim);
        line.warn({ err: error }, "an upload could not be verified");
        await conclude(needs, claim, upload, error);
      }
    },

    async giveUp(claim, line) {
      const upload = await verifying(needs, claim);
      if (upload === null) return closeWork(needs.db, claim);
      const message = `worker lost: ${claim.lostLeases} workers were killed or stopped answering while they read it`;
      await fail(needs, claim, upload, { code: "worker_lost", message });
      line.info({ message }, "the upload failed");
    },
  };
}

/** Null where it was abandoned. */
async function verifying({ db }: Needs, claim: Claim): Promise<Upload | null> {
  const upload = await findUpload({ db }, claim.subjectId);
  return upload?.status === "verifying" ? upload : null;
}

async function readDigest(blobs: BlobStore, { key, sizeBytes }: Upload, signal: AbortSignal): Promise<Digest> {
  const hash = sha256();
  let readBytes = 0;
  const take = async (bytes: AsyncIterable<Buffer>) => {
    for await (const chunk of bytes) {
      hash.update(chunk);
      readBytes += chunk.length;
    }
  };
  await pipeline(await blobs.open(key), take, { signal });
  if (readBytes !== sizeBytes)
    throw new SlipwayError("blob_not_found", `the store has ${readBytes} of the ${sizeBytes} bytes of an upload`);
  return digestFrom(hash);
}

/** What the store has lost is lost; all else is tried again, with backoff, for a time. */
async function conclude(needs: Needs, claim: Claim, upload: Upload, error: unknown): Promise<void> {
  if (isSlipwayError(error, "blob_not_found")) {
    const message = "the store has lost its bytes: send them again";
    return fail(needs, claim, upload, { code: "upload_incomplete", message });
  }
  const pause = backoffMs(claim.attempt);
  if (Date.now() + pause > upload.expiresAt.getTime()) {
    const message = `its bytes could not be read in time: ${messageOf(error)}`;
    return fail(needs, claim, upload, { code: "part_unavailable", message });
  }
  await putOffWork(needs.db, claim, pause);
}

async function fail(needs: Needs, claim: Claim, { id }: Upload, error: { code: string; message: string }) {
  const alongside = (tx: Transaction) => endWork(tx, claim);
  const { doomed } = await failUpload(needs, id, { error, requestId: claim.requestId, alongside });
  await removeDoomed(needs, doomed);
}
