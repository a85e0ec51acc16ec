import { zeroId } from "#core/database/ids.ts";
import { isSlipwayError } from "#core/errors.ts";
import type { BlobKey, PartsId } from "./blob-store.ts";
import type { Blobs } from "./blobs.ts";
import { digestFrom, sha256 } from "./digest.ts";
import type { Pace } from "./verify-blobs.ts";

/** An upload in progress of which bytes that count as received are gone, or are others. It will fail: its client has to send
 *  the file anew. */
export interface BrokenUpload {
  what: "missing" | "changed";
  upload: string;
  key: BlobKey;
  /** Received, as the row says. */
  sizeBytes: number;
  detail: string;
  files: string[];
}

interface OpenUpload {
  id: string;
  key: BlobKey;
  storeId: PartsId;
  tailKey: BlobKey | null;
  tailDigest: string | null;
  announcedBytes: number;
  sizeBytes: number;
  file: string;
}

const pageOfUploads = 100;

/** Holds the parts and tails of resumable uploads against their rows; changes nothing. (Of direct ones the rows say nothing;
 *  what is whole is read by a worker.) What goes on meanwhile is no damage. */
export async function verifyUploads(
  needs: Blobs,
  { pace, signal, onBroken }: { pace: Pace; signal: AbortSignal; onBroken(broken: BrokenUpload): void },
): Promise<void> {
  for (let after = zeroId, full = true; full; ) {
    const page = await needs.db.$queryRaw<OpenUpload[]>`
      SELECT u.id, u.key, u.store_id AS "storeId", u.tail_key AS "tailKey", u.tail_digest AS "tailDigest",
             u.size_bytes::float8 AS "announcedBytes", u.received_bytes::float8 AS "sizeBytes",
             m.name || ':' || v.semver || '/' || u.path AS file
      FROM uploads u JOIN versions v ON v.id = u.version_id JOIN models m ON m.id = v.model_id
      WHERE u.state = 'open' AND u.kind = 'resumable' AND u.id > ${after}::uuid
      ORDER BY u.id LIMIT ${pageOfUploads}`;
    for (const upload of page) {
      signal.throwIfAborted();
      const { id, key, sizeBytes, file } = upload;
      const fault = (await faultOfParts(needs, upload)) ?? (await faultOfTail(needs, upload, pace));
      if (fault !== null) onBroken({ ...fault, upload: id, key, sizeBytes, files: [file] });
    }
    after = page.at(-1)?.id ?? after;
    full = page.length === pageOfUploads;
  }
}

type Fault = Pick<BrokenUpload, "what" | "detail"> | null;

async function faultOfParts({ db, blobs }: Blobs, { id, key, storeId, announcedBytes }: OpenUpload): Promise<Fault> {
  const named = await db.uploadPart.findMany({ where: { uploadId: id }, orderBy: { number: "asc" } });
  const stored = new Map((await blobs.parts.list(key, storeId)).map((part) => [part.number, part]));
  const lost = named.filter(({ number, etag, sizeBytes }) => {
    const part = stored.get(number);
    return part?.etag !== etag || part.sizeBytes !== Number(sizeBytes);
  });
  if (lost.length === 0 || (await blobs.stat(key))?.sizeBytes === announcedBytes) return null; // one object by now
  const { number, etag } = lost[0] as (typeof lost)[number];
  const still = { uploadId: id, number, etag, upload: { state: "open" } };
  if ((await db.uploadPart.count({ where: still })) === 0) return null;
  return {
    what: "missing",
    detail: `the store has not ${lost.length} of ${named.length} parts, the first is ${number}`,
  };
}

async function faultOfTail({ db, blobs }: Blobs, { id, tailKey, tailDigest }: OpenUpload, pace: Pace): Promise<Fault> {
  if (tailKey === null) return null;
  const fault = await readTail();
  return fault !== null && (await db.upload.count({ where: { id, tailKey, state: "open" } })) > 0 ? fault : null;

  async function readTail(): Promise<Fault> {
    const hash = sha256();
    try {
      for await (const chunk of await blobs.open(tailKey as BlobKey)) {
        hash.update(chunk as Buffer);
        await pace((chunk as Buffer).length);
      }
    } catch (error) {
      if (isSlipwayError(error, "blob_not_found"))
        return { what: "missing", detail: "the store has not its last bytes" };
      throw error;
    }
    return digestFrom(hash) === tailDigest ? null : { what: "changed", detail: "the store gives other last bytes" };
  }
}
