import { createHash } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  type Part,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { SlipwayError } from "#core/errors.ts";
import type { BlobKey, PartStore, PartsId, StoredPart } from "./blob-store.ts";
import { mostParts } from "./part-plan.ts";
import { isS3Error, type S3, s3Fault, storageOf } from "./s3-client.ts";
import { unfinishedUploads, uploadedParts } from "./s3-list.ts";
import { onlyIfNew } from "./s3-write-once.ts";

/** Uploads in parts by S3's own. Each part has a SHA-256 of its own, which S3 checks (Amazon S3, "Checking object
 *  integrity", composite checksums); begun so, it wants them again when it completes. */
export function s3PartStore(s3: S3): PartStore {
  const objectOf = (key: BlobKey) => ({ Bucket: s3.bucket, Key: s3.keyOf(key) });

  async function sizeOf(key: BlobKey): Promise<number | null> {
    try {
      return (await s3.send(new HeadObjectCommand(objectOf(key)))).ContentLength ?? null;
    } catch (error) {
      if (isS3Error(error, "NotFound", "NoSuchKey")) return null;
      throw error;
    }
  }

  async function abort(key: BlobKey, id: PartsId): Promise<void> {
    try {
      await s3.send(new AbortMultipartUploadCommand({ ...objectOf(key), UploadId: id }));
    } catch (error) {
      if (!isS3Error(error, "NoSuchUpload")) throw error;
    }
  }

  /** Null where the upload is not open. */
  async function partsOf(key: BlobKey, id: PartsId): Promise<Part[] | null> {
    try {
      return await uploadedParts(s3, key, id);
    } catch (error) {
      if (isS3Error(error, "NoSuchUpload")) return null;
      throw error;
    }
  }

  return {
    limits: { leastBytes: 5 * 1024 ** 2, mostBytes: 5 * 1024 ** 3, mostParts },

    async begin(key) {
      const { UploadId } = await s3.send(
        new CreateMultipartUploadCommand({ ...objectOf(key), ...storageOf(s3.config), ChecksumAlgorithm: "SHA256" }),
      );
      if (UploadId === undefined) throw s3Fault(new Error("S3 began an upload in parts without an id"));
      return UploadId as PartsId;
    },

    async put(key, id, { number, bytes }) {
      const sent = new UploadPartCommand({
        ...objectOf(key),
        UploadId: id,
        PartNumber: number,
        Body: bytes,
        ChecksumSHA256: createHash("sha256").update(bytes).digest("base64"),
      });
      const { ETag } = await s3.send(sent).catch((error: unknown) => {
        throw isS3Error(error, "NoSuchUpload") ? incomplete("this upload is not open at the store", error) : error;
      });
      if (ETag === undefined) throw s3Fault(new Error("S3 took a part without an ETag"));
      return { number, sizeBytes: bytes.length, etag: ETag };
    },

    async list(key, id) {
      return ((await partsOf(key, id)) ?? []).map(storedPart);
    },

    async complete(key, id, parts) {
      const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
      const known = await partsOf(key, id);
      if (known !== null) {
        const named = requireAll(known, parts);
        const wasThere = await onlyIfNew(s3, (condition) =>
          s3.send(
            new CompleteMultipartUploadCommand({
              ...objectOf(key),
              ...condition,
              UploadId: id,
              MultipartUpload: { Parts: named },
            }),
            { patient: true },
          ),
        ).then(
          () => false,
          (error: unknown) => {
            // Tried again after an answer that was lost, or completed by another process at the same time.
            if (isS3Error(error, "PreconditionFailed", "NoSuchUpload")) return true;
            if (isS3Error(error, "InvalidPart", "InvalidPartOrder", "EntityTooSmall"))
              throw incomplete("the store has not all parts as they are named", error);
            throw error;
          },
        );
        if (wasThere) await abort(key, id);
      }
      // Some servers answer 200 to what they did not keep.
      const stored = await sizeOf(key);
      if (stored === sizeBytes) return { sizeBytes };
      if (known === null || stored !== null) throw incomplete("the store has no parts of this upload");
      throw s3Fault(new Error(`S3 completed ${s3.keyOf(key)}, and has no such object`));
    },

    abort,
    unfinished: () => unfinishedUploads(s3),
  };
}

function storedPart({ PartNumber, Size, ETag }: Part): StoredPart {
  if (PartNumber === undefined || Size === undefined || ETag === undefined)
    throw s3Fault(new Error("S3 listed a part without number, size or ETag"));
  return { number: PartNumber, sizeBytes: Size, etag: ETag };
}

/** What `complete` is given, with the checksums that S3 knows the parts by. */
function requireAll(known: readonly Part[], named: readonly StoredPart[]) {
  if (named.length === 0) throw incomplete("no part is named");
  const byNumber = new Map(known.map((part) => [part.PartNumber, part]));
  return named.map(({ number, sizeBytes, etag }, index) => {
    const part = byNumber.get(number);
    if (number !== index + 1 || part?.ETag !== etag || part.Size !== sizeBytes)
      throw incomplete(`the store has not part ${index + 1} as it is named`);
    return { PartNumber: number, ETag: etag, ChecksumSHA256: part.ChecksumSHA256 };
  });
}

function incomplete(what: string, cause?: unknown): SlipwayError {
  return new SlipwayError("upload_incomplete", `${what}; send what is missing, or start again`, { cause });
}
