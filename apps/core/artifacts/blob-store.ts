import { randomBytes } from "node:crypto";
import type { Readable } from "node:stream";

/** Where the store keeps the bytes: opaque, chosen when they start to flow. */
export type BlobKey = string & { readonly blobKey: unique symbol };

/** Of bytes that begin to flow. */
export function newKey(): BlobKey {
  return randomBytes(16).toString("hex") as BlobKey;
}

/** Bytes `start` to `end`, both included, from 0. */
export interface ByteRange {
  start: number;
  end: number;
}

export interface BlobStat {
  sizeBytes: number;
}

export interface StoredObject {
  key: BlobKey;
  sizeBytes: number;
  /** When its bytes were complete, by the store's clock; on AWS, where they came in parts, when the first was announced. */
  storedAt: Date;
}

export interface PutOptions {
  /** How long a stream is, where that is known: of a long one less is held in memory then. */
  announcedBytes?: number | null | undefined;
  signal?: AbortSignal | undefined;
}

/** Immutable bytes under an opaque key, written once; digest → key is a row. */
export interface BlobStore {
  /** Consumes `body`. Nothing is readable under `key` until the promise resolves, and then it is durable.
   *  Leaves nothing behind when it rejects. */
  put(key: BlobKey, body: Readable | Buffer, options?: PutOptions): Promise<BlobStat>;
  /** Throws `blob_not_found`. Of a range past the end there are no bytes, or fewer. The caller owns the stream. */
  open(key: BlobKey, range?: ByteRange): Promise<Readable>;
  stat(key: BlobKey): Promise<BlobStat | null>;
  /** Removing what is not there is no error. */
  remove(key: BlobKey): Promise<void>;
  /** All that is whole, in no order, a page at a time: memory does not grow with their number. */
  list(): AsyncIterable<StoredObject[]>;
  /** Throws where bytes can be neither stored nor read. */
  check(): Promise<void>;
  /** Throws `store_full` where so many bytes more would leave less than is kept free. `put` throws it, too, also in the
   *  middle. */
  requireRoom(sizeBytes: number): Promise<void>;
  readonly parts: PartStore;
  /** Null where clients cannot reach the store themselves. */
  readonly direct: DirectAccess | null;
  /** Ends what it keeps open. */
  close(): void;
}

/** Names an upload in parts at the store (S3: its UploadId). Not secret, of no use without the store's credentials. */
export type PartsId = string & { readonly partsId: unique symbol };

export interface StoredPart {
  /** From 1, without gaps. All but the last have the size that `begin` was given. */
  number: number;
  sizeBytes: number;
  etag: string;
}

/** One object that comes in parts, over any time and from any process. */
export interface PartStore {
  /** Bytes of one part, at least and at most (S3: 5 MiB to 5 GiB, 10,000 parts). */
  readonly limits: { leastBytes: number; mostBytes: number; mostParts: number };
  begin(key: BlobKey, options: { partBytes: number }): Promise<PartsId>;
  /** Durable when it resolves. The same number may be put again, and replaces. */
  put(key: BlobKey, id: PartsId, part: { number: number; bytes: Buffer; offset: number }): Promise<StoredPart>;
  /** What the store has of them, by number. */
  list(key: BlobKey, id: PartsId): Promise<StoredPart[]>;
  /** Makes the object of all parts, readable and durable when it resolves; the parts are gone. Completing again what is
   *  complete is no error. `mayBeWritten`: a `put` of another process may still be under way, and must not reach the
   *  object. Throws `upload_incomplete` where the store has not what is named. */
  complete(
    key: BlobKey,
    id: PartsId,
    parts: readonly StoredPart[],
    options?: { mayBeWritten?: boolean },
  ): Promise<BlobStat>;
  /** Removes the parts. Aborting what is not there is no error. */
  abort(key: BlobKey, id: PartsId): Promise<void>;
  /** What was neither completed nor aborted, a page at a time, as far as the store can tell; on S3 also what a `put` that
   *  was killed left. (MinIO does not tell, and drops them itself after a day.) */
  unfinished(): AsyncIterable<UnfinishedParts[]>;
}

export interface UnfinishedParts {
  key: BlobKey;
  id: PartsId;
  begunAt: Date;
}

/** A request that whoever has it may make, until it expires, and no other. */
export interface PresignedRequest {
  url: string;
  /** To be sent as they stand: they are signed. So is the Content-Length of a part, which every client sends by itself. */
  headers: Record<string, string>;
}

/** Lets a client speak to the store itself, for one thing and for a short time. */
export interface DirectAccess {
  /** PUT of one part: of this size and with this SHA-256 (raw bytes), or the store refuses it. */
  putPart(
    key: BlobKey,
    id: PartsId,
    part: { number: number; sizeBytes: number; sha256: Buffer },
    lifetimeSeconds: number,
  ): Promise<PresignedRequest>;
  /** GET of an object, offered for download under a name. */
  get(key: BlobKey, options: { disposition: string; lifetimeSeconds: number }): Promise<PresignedRequest>;
}
