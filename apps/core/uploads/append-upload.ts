import { createHash, type Hash } from "node:crypto";
import { addAbortSignal, type Readable } from "node:stream";
import type { StoredPart } from "#core/artifacts/blob-store.ts";
import type { Afterwards } from "#core/artifacts/blobs.ts";
import { type Digest, digestFrom, sha256 } from "#core/artifacts/digest.ts";
import { countOfParts } from "#core/artifacts/part-plan.ts";
import { SlipwayError } from "#core/errors.ts";
import { findDraft } from "#core/models/version.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { endWhole, finishUpload } from "./finish-upload.ts";
import { type UploadHold, withHold } from "./hold-upload.ts";
import { receiveParts } from "./receive-parts.ts";
import type { RunningUploads } from "./running-uploads.ts";
import { readUpload, requireOpen, type Upload, type UploadName } from "./upload.ts";

/*
 * A resumable upload: its bytes come through the API, from first to last, in as many requests as it takes. Hashed in
 * passing while one process sees all of them, and else read once by a worker.
 */

type Needs = Pick<Registry, "db" | "blobs" | "doorbell" | "config" | "log"> & { running: RunningUploads };

export const checksumAlgorithms = ["sha256", "sha1", "md5"] as const;

/** Of the bytes of one request (tus 1.0, "Checksum"). */
export interface Checksum {
  algorithm: (typeof checksumAlgorithms)[number];
  digest: Buffer;
}

export interface Bytes {
  /** Where the client takes the upload to stand. */
  offset: number;
  body: Readable;
  /** Nothing of a body with another checksum is kept; without one, all that came of a body that was cut off. */
  checksum: Checksum | null;
  afterwards: Afterwards;
}

/** Takes more bytes; with the last ones the upload is finished. One request at a time. Throws `upload_not_found`,
 *  `upload_finished`, `upload_busy`, `upload_conflict` where the upload stands elsewhere, `checksum_mismatch`,
 *  `version_sealed`, and what `finishUpload` throws. */
export async function appendUpload(needs: Needs, name: UploadName, bytes: Bytes, actor: Actor): Promise<Upload> {
  const found = await readUpload(needs, name);
  const { id } = found;
  return needs.running.run(found, (stopped) =>
    withHold(needs, id, async (hold) => {
      const upload = await readUpload(needs, name);
      if (isOver(upload) && bytes.offset === upload.sizeBytes) return upload; // told a second time
      requireOpen(upload);
      requireResumable(upload);
      if (upload.receivedBytes !== bytes.offset)
        throw new SlipwayError("upload_conflict", `the upload is at ${upload.receivedBytes}, not at ${bytes.offset}`);
      await findDraft(needs.db, name.model, name.version, "no lock");
      const { savedBytes, hash } = await receive(needs, upload, hold, bytes, stopped);
      if (savedBytes === upload.sizeBytes) return finish(needs, name, hash, bytes.afterwards, actor);
      if (hash !== null) needs.running.keepHash(id, savedBytes, hash);
      return readUpload(needs, name);
    }),
  );
}

/** Where an upload stands, for a client that goes on. A writer that its client has left behind is stopped first; what has
 *  all its bytes, and whose process was killed then, is finished. Throws `upload_not_found`. */
export async function resumeUpload(
  needs: Needs,
  name: UploadName,
  afterwards: Afterwards,
  actor: Actor,
): Promise<Upload> {
  const { id } = await readUpload(needs, name);
  await needs.running.stop(id);
  const upload = await readUpload(needs, name);
  requireResumable(upload);
  const isWhole =
    upload.status === "open" && upload.receivedBytes === upload.sizeBytes && (await hasParts(needs, upload));
  if (!isWhole) return upload;
  return withHold(needs, id, () => finish(needs, name, null, afterwards, actor));
}

/** Puts the body into the store. Of one that is cut off it keeps what came, and throws what cut it off. */
async function receive(
  needs: Needs,
  upload: Upload,
  hold: UploadHold,
  { body, checksum }: Bytes,
  stopped: AbortSignal,
): Promise<{ savedBytes: number; hash: Hash | null }> {
  const { running } = needs;
  const { id, receivedBytes } = upload;
  const receiver = await receiveParts(needs, upload, hold, { atOnce: checksum === null });
  const hash = receivedBytes === 0 ? sha256() : running.takeHash(id, receivedBytes);
  const check = checksum === null ? null : createHash(checksum.algorithm);
  const letGo = AbortSignal.any([stopped, hold.signal]);
  addAbortSignal(letGo, body);
  try {
    const cut = await readBody(body, async (chunk) => {
      await receiver.take(chunk);
      hash?.update(chunk);
      check?.update(chunk);
    });
    const why = letGo.aborted ? letGo.reason : cut;
    if (cut !== null && (checksum !== null || hold.signal.aborted)) throw why;
    if (checksum !== null && check?.digest().equals(checksum.digest) !== true)
      throw new SlipwayError("checksum_mismatch", "the bytes have another checksum; nothing of this request was kept");
    await receiver.save();
    const { savedBytes } = receiver;
    if (cut === null) return { savedBytes, hash };
    if (hash !== null) running.keepHash(id, savedBytes, hash);
    throw why;
  } finally {
    await receiver.ended();
  }
}

/** What ended the body before its end; null where nothing did. Throws what `take` throws. */
async function readBody(body: Readable, take: (chunk: Buffer) => Promise<void>): Promise<unknown> {
  const chunks = body[Symbol.asyncIterator]();
  for (;;) {
    let next: IteratorResult<Buffer>;
    try {
      next = await chunks.next();
    } catch (cut) {
      return cut;
    }
    if (next.done === true) return null;
    await take(next.value);
  }
}

/** Object first, row second: killed in between, the client asks where it stands, and it is finished then. */
async function finish(
  needs: Needs,
  name: UploadName,
  hash: Hash | null,
  afterwards: Afterwards,
  actor: Actor,
): Promise<Upload> {
  const upload = await readUpload(needs, name);
  if (isOver(upload)) return upload;
  const parts = await partsOf(needs, upload);
  await needs.blobs.parts.complete(upload.key, upload.storeId, parts, { mayBeWritten: upload.takenOver });
  // What a writer that was left behind has written nobody has hashed.
  const digest: Digest | null = hash === null || upload.takenOver ? null : digestFrom(hash);
  return endWhole(needs, upload, () => finishUpload(needs, upload, { digest, afterwards }, actor));
}

async function partsOf({ db }: Pick<Needs, "db">, { id }: Upload): Promise<StoredPart[]> {
  const rows = await db.uploadPart.findMany({ where: { uploadId: id }, orderBy: { number: "asc" } });
  return rows.map(({ number, sizeBytes, etag }) => ({ number, sizeBytes: Number(sizeBytes), etag }));
}

/** An empty upload is whole when its one empty part is there. */
async function hasParts(needs: Pick<Needs, "db">, upload: Upload): Promise<boolean> {
  return (await partsOf(needs, upload)).length === countOfParts(upload.sizeBytes, upload.partSizeBytes);
}

function isOver({ status }: Upload): boolean {
  return status === "stored" || status === "verifying";
}

function requireResumable({ kind }: Upload): void {
  if (kind !== "resumable")
    throw new SlipwayError(
      "upload_conflict",
      "the bytes of this upload go to the store itself: ask …/uploads for the way",
    );
}
