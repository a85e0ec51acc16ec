import type { DirectAccess, PresignedRequest, StoredPart } from "#core/artifacts/blob-store.ts";
import type { Digest } from "#core/artifacts/digest.ts";
import { countOfParts, sizeOfPart } from "#core/artifacts/part-plan.ts";
import { SlipwayError } from "#core/errors.ts";
import { forget, type Remember } from "#core/idempotency/keys.ts";
import { findDraft } from "#core/models/version.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { beginVerifying, endWhole } from "./finish-upload.ts";
import { withHold } from "./hold-upload.ts";
import { type NewUpload, startUpload } from "./start-upload.ts";
import { readUpload, requireOpen, type Upload, type UploadName } from "./upload.ts";

/*
 * A client sends the parts of a direct upload to the store itself, by requests that are signed for it: each for one part,
 * of one size and with one SHA-256, which the store checks. What the store has is asked of the store alone.
 */

type Needs = Pick<Registry, "db" | "blobs" | "doorbell" | "config" | "log">;

/** Long enough for the slowest line that sends a part in time, and for a client that signs many ahead. */
const signedForSeconds = 3_600;

/** See `startUpload`. Throws `direct_unavailable` where no client can reach the store. */
export async function startDirectUpload(
  needs: Pick<Registry, "db" | "blobs" | "config">,
  input: Omit<NewUpload, "kind">,
  actor: Actor,
  remember: Remember<Upload> = forget,
): Promise<Upload> {
  directTo(needs);
  return startUpload(needs, { ...input, kind: "direct" }, actor, remember);
}

export interface SignedPart extends PresignedRequest {
  number: number;
  method: "PUT";
  expiresAt: Date;
}

/** A part may be signed and sent again, also with other bytes, until the upload is completed. Throws `upload_not_found`,
 *  `upload_finished`, `upload_conflict`, `version_sealed`. */
export async function signParts(
  needs: Pick<Registry, "db" | "blobs">,
  name: UploadName,
  parts: readonly { number: number; digest: Digest }[],
): Promise<SignedPart[]> {
  const direct = directTo(needs);
  const upload = await readDirectUpload(needs, name);
  requireOpen(upload);
  await findDraft(needs.db, name.model, name.version, "no lock");
  const count = countOfParts(upload.sizeBytes, upload.partSizeBytes);
  const expiresAt = new Date(Date.now() + signedForSeconds * 1_000);
  const wrong = parts.find(({ number }) => number > count);
  if (wrong !== undefined)
    throw new SlipwayError("invalid_request", `this upload has ${count} parts, and no part ${wrong.number}`);
  return Promise.all(
    parts.map(async ({ number, digest }) => {
      const sizeBytes = sizeOfPart(number, upload.sizeBytes, upload.partSizeBytes);
      const part = { number, sizeBytes, sha256: Buffer.from(digest.slice("sha256:".length), "hex") };
      const request = await direct.putPart(upload.key, upload.storeId, part, signedForSeconds);
      return { number, method: "PUT" as const, ...request, expiresAt };
    }),
  );
}

/** An upload, and the parts that the store has of it where it is one that clients send there. */
export async function readUploadWithParts(
  { db, blobs }: Pick<Registry, "db" | "blobs">,
  name: UploadName,
): Promise<{ upload: Upload; parts: StoredPart[] | null }> {
  const upload = await readUpload({ db }, name);
  const isOpen = upload.kind === "direct" && upload.status === "open";
  return { upload, parts: isOpen ? await blobs.parts.list(upload.key, upload.storeId) : null };
}

/** Makes one object of the parts, which a worker then reads. Object first, row second: a crash in between leaves an upload
 *  that is completed again. Completing again what is complete is no error. Throws `upload_incomplete`, naming the parts
 *  that are missing, `upload_busy`, `upload_finished`, `upload_conflict`, `version_sealed`. */
export async function completeDirectUpload(
  needs: Needs,
  name: UploadName,
  actor: Actor,
  remember: Remember<Upload> = forget,
): Promise<Upload> {
  const { db } = needs;
  const { id } = await readDirectUpload(needs, name);
  // While a store makes one object of parts it may show some of them, or nothing.
  return withHold(needs, id, async () => {
    const upload = await readDirectUpload(needs, name);
    if (upload.status === "verifying" || upload.status === "stored") {
      await db.$transaction((tx) => remember(tx, upload));
      return upload;
    }
    requireOpen(upload);
    await findDraft(db, name.model, name.version, "no lock");
    await makeWhole(needs, upload);
    return endWhole(needs, upload, () => beginVerifying(needs, upload, actor, remember));
  });
}

async function makeWhole({ blobs }: Pick<Needs, "blobs">, upload: Upload): Promise<void> {
  const { key, storeId, sizeBytes, partSizeBytes } = upload;
  const parts = await blobs.parts.list(key, storeId);
  const sizes = new Map(parts.map((part) => [part.number, part.sizeBytes]));
  const missing = Array.from({ length: countOfParts(sizeBytes, partSizeBytes) }, (_, index) => index + 1).filter(
    (number) => sizes.get(number) !== sizeOfPart(number, sizeBytes, partSizeBytes),
  );
  if (missing.length === 0) await blobs.parts.complete(key, storeId, parts);
  // One object already: its request was cut off before the row knew.
  else if ((await blobs.stat(key))?.sizeBytes !== sizeBytes) throw incomplete(missing);
}

async function readDirectUpload({ db }: Pick<Registry, "db">, name: UploadName): Promise<Upload> {
  const upload = await readUpload({ db }, name);
  if (upload.kind === "direct") return upload;
  throw new SlipwayError("upload_conflict", "the bytes of this upload come through the API: send them to …/resumable");
}

function directTo({ blobs }: Pick<Registry, "blobs">): DirectAccess {
  if (blobs.direct !== null) return blobs.direct;
  throw new SlipwayError(
    "direct_unavailable",
    "artifacts are kept in a folder here, which no client can reach: PUT the file to …/files/{path}, or send it to …/resumable where the network is poor",
  );
}

const mostNamed = 20;

function incomplete(missing: readonly number[]): SlipwayError {
  const more = missing.length > mostNamed ? ` and ${missing.length - mostNamed} more` : "";
  return new SlipwayError(
    "upload_incomplete",
    `the store has not all parts: send ${missing.slice(0, mostNamed).join(", ")}${more}, and complete the upload again`,
  );
}
