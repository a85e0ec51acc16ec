import type { Readable } from "node:stream";

/** Where the store keeps the bytes: opaque, chosen when they start to flow. */
export type BlobKey = string & { readonly blobKey: unique symbol };

/** Bytes `start` to `end`, both included, from 0. */
export interface ByteRange {
  start: number;
  end: number;
}

export interface BlobStat {
  sizeBytes: number;
}

/** Immutable bytes under an opaque key, written once; digest → key is a row. */
export interface BlobStore {
  /** Consumes `body`. Nothing is readable under `key` until the promise resolves, and then it is durable.
   *  Leaves nothing behind when it rejects. */
  put(key: BlobKey, body: Readable, options?: { signal?: AbortSignal | undefined }): Promise<BlobStat>;
  /** Throws `blob_not_found`. The caller owns the stream. */
  open(key: BlobKey, range?: ByteRange): Promise<Readable>;
  stat(key: BlobKey): Promise<BlobStat | null>;
  /** Removing what is not there is no error. */
  remove(key: BlobKey): Promise<void>;
  /** Throws where bytes can be neither stored nor read. */
  check(): Promise<void>;
}
