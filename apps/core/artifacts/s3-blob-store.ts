/*
 * Blobs as objects:
 *
 *   <prefix>blobs/ab12…    a blob, complete
 */
import { DeleteObjectCommand, HeadBucketCommand, HeadObjectCommand } from "@aws-sdk/client-s3";
import type { BlobStore } from "./blob-store.ts";
import { partMemory } from "./part-memory.ts";
import { partSizes } from "./part-plan.ts";
import { isS3Error, type S3 } from "./s3-client.ts";
import { s3Direct } from "./s3-direct.ts";
import { storedObjects } from "./s3-list.ts";
import { openObject } from "./s3-open.ts";
import { s3PartStore } from "./s3-part-store.ts";
import { putBody, putBytes } from "./s3-put.ts";

const mebibyte = 1024 ** 2;

export interface S3StoreOptions {
  /** Of the first parts of a body; 5 MiB and more. */
  partBytes?: number;
}

/** Each `put` holds one part in memory, and all together so many bytes more to send some at once. */
const extraPartMemory = 256 * mebibyte;

/** A check that hangs is given up, so that the next one finds out that the store is back. */
const checkLimitMs = 2_000;

export function s3BlobStore(s3: S3, { partBytes = 8 * mebibyte }: S3StoreOptions = {}): BlobStore {
  const memory = partMemory(extraPartMemory);
  const objectOf = (key: Parameters<S3["keyOf"]>[0]) => ({ Bucket: s3.bucket, Key: s3.keyOf(key) });
  return {
    put: (key, body, { announcedBytes, signal } = {}) =>
      Buffer.isBuffer(body)
        ? putBytes(s3, key, body, { signal })
        : putBody(s3, key, body, { sizeOf: partSizes(announcedBytes ?? null, partBytes), memory, signal }),
    open: (key, range) => openObject(s3, key, range),

    async stat(key) {
      try {
        return { sizeBytes: (await s3.send(new HeadObjectCommand(objectOf(key)))).ContentLength ?? 0 };
      } catch (error) {
        if (isS3Error(error, "NotFound", "NoSuchKey")) return null;
        throw error;
      }
    },

    async remove(key) {
      await s3.send(new DeleteObjectCommand(objectOf(key)));
    },

    list: () => storedObjects(s3),

    async check() {
      const signal = AbortSignal.timeout(checkLimitMs);
      await s3.send(new HeadBucketCommand({ Bucket: s3.bucket }), { signal });
    },

    async requireRoom() {}, // a bucket has no end

    parts: s3PartStore(s3),
    direct: s3Direct(s3),
    close: () => s3.close(),
  };
}
