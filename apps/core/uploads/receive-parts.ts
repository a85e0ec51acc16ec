import { buffer } from "node:stream/consumers";
import { type BlobKey, newKey, type StoredPart } from "#core/artifacts/blob-store.ts";
import { type Digest, digestOf } from "#core/artifacts/digest.ts";
import { claimObjects, doomObjects, removeDoomed } from "#core/artifacts/doomed-objects.ts";
import { sizeOfPart } from "#core/artifacts/part-plan.ts";
import type { Transaction } from "#core/database/client.ts";
import { isSlipwayError, SlipwayError } from "#core/errors.ts";
import type { Registry } from "#core/registry.ts";
import type { UploadHold } from "./hold-upload.ts";
import { lockUpload, requireOpen, type Upload } from "./upload.ts";

/*
 * Bytes come in any pieces, and go to the store in parts of one size:
 *
 *   part 1 │ part 2 │ part 3 …│ tail
 *   ───────┴────────┴─────────┴──────▶ receivedBytes: durable, in parts and one small object for the rest
 *
 * The next request reads the tail back, and fills up the part that it begins.
 */

/** Of all uploads of a process, what their parts take in memory. */
export const mostHeldBytes = 512 * 1024 ** 2;
/** Parts on their way to the store: while one is made durable, others are written. */
const mostAtOnce = 3;

function partsAtOnce(partSizeBytes: number): number {
  return Math.max(1, Math.min(mostAtOnce, Math.floor(mostHeldBytes / partSizeBytes) - 1));
}

/** Of one: those on their way, and the one that is being filled. */
export function heldBytes({ sizeBytes, partSizeBytes }: Pick<Upload, "sizeBytes" | "partSizeBytes">): number {
  return Math.min(sizeBytes, (partsAtOnce(partSizeBytes) + 1) * partSizeBytes);
}

export interface Receiver {
  /** Waits while as many parts as may be are on their way to the store. Throws `file_too_large` past the announced size. */
  take(chunk: Buffer): Promise<void>;
  /** Makes all that was taken durable, and says so in the row. */
  save(): Promise<void>;
  /** Resolves when nothing is on its way to the store any more: whoever comes next may send the same part. */
  ended(): Promise<void>;
  /** What the row says. */
  readonly savedBytes: number;
}

/** `atOnce`: whether each part is on record as soon as it is stored, or all of them at the end, when they were checked.
 *  Throws `upload_conflict` where the tail that is kept cannot be read back as it was: then it is let go, and the client sends
 *  it again. */
export async function receiveParts(
  { db, blobs }: Pick<Registry, "db" | "blobs">,
  upload: Upload,
  hold: UploadHold,
  { atOnce }: { atOnce: boolean },
): Promise<Receiver> {
  const { id, key, storeId, sizeBytes, partSizeBytes } = upload;
  let savedBytes = upload.receivedBytes;
  let takenBytes = savedBytes;
  let number = Math.floor(savedBytes / partSizeBytes) + 1;
  let tailKey = upload.tailKey;
  let filled = savedBytes - (number - 1) * partSizeBytes;
  let part: Buffer | null = null;
  const most = partsAtOnce(partSizeBytes);
  const storing: Promise<void>[] = [];
  /** Of the part that was last to be sent there: settles after all before it. */
  let stored: Promise<void> = Promise.resolve();
  let unsaved: StoredPart[] = [];

  /** The buffer of the part that is being filled. Its memory is touched as it fills. */
  const newPart = () => Buffer.allocUnsafe(sizeOfPart(number, sizeBytes, partSizeBytes));

  const record = async (receivedBytes: number, newTail: Tail | null): Promise<void> => {
    const oldTail = tailKey;
    await db.$transaction(async (tx) => {
      requireOpen(await lockUpload(tx, id));
      if (newTail !== null) await claimObjects(tx, [newTail.key]);
      const { count } = await tx.upload.updateMany({
        where: { id, heldBy: hold.id },
        data: { receivedBytes, tailKey: newTail?.key ?? null, tailDigest: newTail?.digest ?? null },
      });
      if (count === 0)
        throw new SlipwayError("upload_busy", "another request has taken over this upload; ask how far it is");
      await recordParts(tx, id, unsaved);
      if (oldTail !== null) await doomObjects(tx, [{ key: oldTail, storeId: null }]);
    });
    tailKey = newTail?.key ?? null;
    savedBytes = receivedBytes;
    unsaved = [];
    if (oldTail !== null) await removeDoomed({ db, blobs }, [oldTail]);
  };

  /** In whatever order the store is done with them, they come on record in theirs: up to there nothing is missing. */
  const storePart = async (bytes: Buffer, of: number, before: Promise<void>): Promise<void> => {
    const put = blobs.parts.put(key, storeId, { number: of, bytes, offset: (of - 1) * partSizeBytes });
    await Promise.allSettled([before, put]);
    await before;
    unsaved.push(await put);
    if (atOnce) await record((of - 1) * partSizeBytes + bytes.length, null);
  };

  if (filled > 0) {
    const tail = await readTail(blobs, upload, filled);
    if (tail === null) {
      const durable = savedBytes - filled;
      await record(durable, null);
      throw new SlipwayError(
        "upload_conflict",
        `the last bytes of the upload were lost: it is at ${durable}; go on from there`,
      );
    }
    part = newPart();
    tail.copy(part);
  }

  return {
    get savedBytes() {
      return savedBytes;
    },

    async take(chunk) {
      if (takenBytes + chunk.length > sizeBytes)
        throw new SlipwayError("file_too_large", `more bytes came than the ${sizeBytes} that were announced`);
      for (let at = 0; at < chunk.length; ) {
        const into = part ?? newPart();
        part = into;
        const some = Math.min(chunk.length - at, into.length - filled);
        chunk.copy(into, filled, at, at + some);
        at += some;
        filled += some;
        takenBytes += some;
        if (filled < into.length) continue;
        if (storing.length === most) await storing.shift();
        stored = storePart(into, number, stored);
        stored.catch(() => {}); // thrown where it is waited for
        storing.push(stored);
        part = null;
        filled = 0;
        number += 1;
      }
    },

    ended: () => stored.catch(() => {}),

    async save() {
      await stored;
      if (sizeBytes === 0) await storePart(Buffer.alloc(0), 1, stored);
      if (takenBytes === savedBytes && sizeBytes > 0) return;
      if (part === null || filled === 0) return record(takenBytes, null);
      const tail = part.subarray(0, filled);
      const newTail = { key: newKey(), digest: digestOf(tail) };
      await blobs.put(newTail.key, tail);
      await record(takenBytes, newTail);
    },
  };
}

/** By one statement: they may be all of a large file. */
async function recordParts(tx: Transaction, uploadId: string, parts: readonly StoredPart[]): Promise<void> {
  await tx.$executeRaw`
    INSERT INTO upload_parts (upload_id, number, size_bytes, etag)
    SELECT ${uploadId}::uuid, * FROM unnest(${parts.map(({ number }) => number)}::int[],
      ${parts.map(({ sizeBytes }) => sizeBytes)}::bigint[], ${parts.map(({ etag }) => etag)}::text[])
    ON CONFLICT (upload_id, number) DO UPDATE SET size_bytes = excluded.size_bytes, etag = excluded.etag`;
}

interface Tail {
  key: BlobKey;
  digest: Digest;
}

/** Null where the store has it no more, or has other bytes. */
async function readTail(
  blobs: Registry["blobs"],
  { tailKey, tailDigest }: Upload,
  sizeBytes: number,
): Promise<Buffer | null> {
  if (tailKey === null) return null;
  try {
    const tail = await buffer(await blobs.open(tailKey));
    return tail.length === sizeBytes && digestOf(tail) === tailDigest ? tail : null;
  } catch (error) {
    if (isSlipwayError(error, "blob_not_found")) return null;
    throw error;
  }
}
