import { randomBytes } from "node:crypto";
import { addAbortSignal, type Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import type { BlobKey, BlobStat } from "./blob-store.ts";
import type { PartMemory } from "./part-memory.ts";
import { isS3Answer, isS3Error, type S3, s3Fault, storageOf } from "./s3-client.ts";
import { type BodyPart, splitBody } from "./s3-split.ts";
import { onlyIfNew } from "./s3-write-once.ts";

/** What one writer marks its object with, so that it knows its own again after an answer that was lost. */
const markName = "slipway-write";
/** What was stored of a write that failed is removed, if that takes no longer. */
const cleanUpLimitMs = 10_000;
/** Of one body: a few requests fill any line, and more would only fill memory. */
const sentAtOnce = 4;
/** A look at what may have been stored takes no longer. */
const lookLimitMs = 5_000;

interface Write {
  s3: S3;
  object: { Bucket: string; Key: string };
  mark: string;
  /** Of the upload in parts, once there is one. */
  uploadId: string | undefined;
}

/** How long a part is, by its number, unless it is the last. */
type PartSize = (number: number) => number;

function newWrite(s3: S3, key: BlobKey): Write {
  return {
    s3,
    object: { Bucket: s3.bucket, Key: s3.keyOf(key) },
    mark: randomBytes(16).toString("hex"),
    uploadId: undefined,
  };
}

/** Sends what is in memory already, by one request. */
export async function putBytes(
  s3: S3,
  key: BlobKey,
  bytes: Buffer,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<BlobStat> {
  signal?.throwIfAborted();
  const write = newWrite(s3, key);
  try {
    await putWhole(write, bytes);
    return { sizeBytes: bytes.length };
  } catch (error) {
    await cleanUp(write);
    throw error;
  }
}

/** Sends a body of any length: whole where one part holds it, and else in parts, some at once. Memory is that of a few
 *  parts. Nothing is there until all of it is, and nothing is left of what failed, while the server can be reached.
 *  A request that has begun is never cut off, whatever ends the rest: of one that is, the server may still keep the
 *  bytes after it was told to drop all. */
export async function putBody(
  s3: S3,
  key: BlobKey,
  body: Readable,
  { sizeOf, memory, signal }: { sizeOf: PartSize; memory: PartMemory; signal?: AbortSignal | undefined },
): Promise<BlobStat> {
  const failure = new AbortController();
  const either = signal === undefined ? failure.signal : AbortSignal.any([signal, failure.signal]);
  addAbortSignal(either, body);
  const write = newWrite(s3, key);
  let sizeBytes = 0;
  const sent: CompletedPart[] = [];
  const sending = new Set<Promise<void>>();
  try {
    for await (const part of splitBody(body, sizeOf)) {
      sizeBytes += part.bytes.length;
      if (part.isLast && part.number === 1) {
        await putWhole(write, part.bytes);
        return { sizeBytes };
      }
      write.uploadId ??= await begin(write);
      const held = part.bytes.length;
      const one = sendPart(write, part)
        .then((completed) => {
          sent[part.number - 1] = completed;
        })
        .catch((error: unknown) => failure.abort(error))
        .finally(() => {
          part.free();
          sending.delete(one);
        });
      sending.add(one);
      // The next part is filled while this one is sent; more are under way only where there is memory to spare.
      if (sending.size > 1) {
        const most = memory.take(held) ? sentAtOnce : 1;
        if (most > 1) void one.finally(() => memory.giveBack(held));
        while (sending.size > most) await Promise.race(sending);
      }
    }
    await Promise.all(sending);
    either.throwIfAborted();
    await complete(write, sent, sizeBytes);
    return { sizeBytes };
  } catch (error) {
    body.destroy();
    failure.abort(error);
    await Promise.all(sending);
    await cleanUp(write);
    throw signal?.aborted === true ? error : failure.signal.reason;
  }
}

async function begin({ s3, object, mark }: Write): Promise<string> {
  const begun = await s3.send(
    new CreateMultipartUploadCommand({ ...object, ...storageOf(s3.config), Metadata: { [markName]: mark } }),
  );
  if (begun.UploadId === undefined) throw s3Fault(new Error("S3 began an upload in parts without an id"));
  return begun.UploadId;
}

async function sendPart({ s3, object, uploadId }: Write, part: BodyPart): Promise<CompletedPart> {
  const { ETag, ChecksumCRC32 } = await s3.send(
    new UploadPartCommand({ ...object, UploadId: uploadId, PartNumber: part.number, Body: part.bytes }),
  );
  return { PartNumber: part.number, ETag, ChecksumCRC32 };
}

async function putWhole(write: Write, bytes: Buffer): Promise<void> {
  const { s3, object, mark } = write;
  try {
    await onlyIfNew(s3, (condition) =>
      s3.send(
        new PutObjectCommand({
          ...object,
          ...storageOf(s3.config),
          ...condition,
          Metadata: { [markName]: mark },
          Body: bytes,
          ContentLength: bytes.length,
        }),
      ),
    );
  } catch (error) {
    if (!(await isStoredAfter(error, write, bytes.length))) throw error;
  }
}

/** Some servers answer 200 to what they did not keep: only a look at the object tells. */
async function complete(write: Write, parts: CompletedPart[], sizeBytes: number): Promise<void> {
  const { s3, object, uploadId } = write;
  try {
    await onlyIfNew(s3, (condition) =>
      s3.send(
        new CompleteMultipartUploadCommand({
          ...object,
          ...condition,
          UploadId: uploadId,
          MultipartUpload: { Parts: parts },
        }),
        { patient: true },
      ),
    );
  } catch (error) {
    if (!(await isStoredAfter(error, write, sizeBytes))) throw error;
  }
  const stored = await ownSize(write);
  if (stored !== sizeBytes) throw s3Fault(new Error(`of ${sizeBytes} bytes S3 has ${stored ?? "no object"}`));
}

/** Whether the object is there all the same: its answer was lost, and sent a second time it meets itself. (Some servers
 *  then close the connection before they have read the body, which looks like a fault of the network.) */
async function isStoredAfter(error: unknown, write: Write, sizeBytes: number): Promise<boolean> {
  if (isS3Answer(error) && !isS3Error(error, "PreconditionFailed", "NoSuchUpload")) return false;
  return (await ownSize(write, AbortSignal.timeout(lookLimitMs)).catch(() => null)) === sizeBytes;
}

/** The size of the object, if it is what this writer wrote. */
async function ownSize({ s3, object, mark }: Pick<Write, "s3" | "object" | "mark">, signal?: AbortSignal) {
  try {
    const found = await s3.send(new HeadObjectCommand(object), { signal });
    return found.Metadata?.[markName] === mark ? (found.ContentLength ?? null) : null;
  } catch (error) {
    if (isS3Error(error, "NotFound", "NoSuchKey")) return null;
    throw error;
  }
}

/** What cannot be removed now is the collector's. */
async function cleanUp(write: Write): Promise<void> {
  const { s3, object, uploadId } = write;
  const signal = AbortSignal.timeout(cleanUpLimitMs);
  const abort = async () => {
    if (uploadId !== undefined)
      await s3.send(new AbortMultipartUploadCommand({ ...object, UploadId: uploadId }), { signal });
  };
  const remove = async () => {
    if ((await ownSize(write, signal)) !== null) await s3.send(new DeleteObjectCommand(object), { signal });
  };
  await Promise.allSettled([abort(), remove()]);
}
