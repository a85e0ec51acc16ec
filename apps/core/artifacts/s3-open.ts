import { Readable } from "node:stream";
import { GetObjectCommand, type GetObjectCommandOutput } from "@aws-sdk/client-s3";
import { SlipwayError } from "#core/errors.ts";
import type { BlobKey, ByteRange } from "./blob-store.ts";
import { resumedStream } from "./resumed-stream.ts";
import { isS3Error, type S3, s3Fault } from "./s3-client.ts";

/** Reads an object, going on where an answer broke off, and only in the same bytes (`If-Match`). It ends when all bytes
 *  are there, and else fails. A reader may take as long as it likes. */
export async function openObject(s3: S3, key: BlobKey, range?: ByteRange): Promise<Readable> {
  const object = { Bucket: s3.bucket, Key: s3.keyOf(key) };
  const get = (from: ByteRange | undefined, etag?: string) =>
    s3.send(
      new GetObjectCommand({
        ...object,
        ...(from === undefined ? {} : { Range: `bytes=${from.start}-${from.end}` }),
        ...(etag === undefined ? {} : { IfMatch: etag }),
      }),
    );
  const first = await get(range).catch((error: unknown) => {
    // Past its end a file gives no bytes, too: whoever asked knows how many there should be.
    if (isS3Error(error, "InvalidRange")) return null;
    throw isS3Error(error, "NoSuchKey", "NotFound")
      ? new SlipwayError("blob_not_found", "these bytes are not in the store", { cause: error })
      : error;
  });
  if (first === null) return Readable.from([]);
  const start = range?.start ?? 0;
  const end = start + lengthOf(first);
  const again = async (position: number) => {
    const rest = await get({ start: position, end: end - 1 }, first.ETag);
    if (lengthOf(rest) !== end - position) throw s3Fault(new Error("S3 gave another range than was asked for"));
    return bodyOf(rest);
  };
  return resumedStream({ body: bodyOf(first), start, end, again, fault: s3Fault });
}

function bodyOf({ Body }: GetObjectCommandOutput): Readable {
  if (Body instanceof Readable) return Body;
  throw s3Fault(new Error("S3 answered without a body"));
}

function lengthOf({ ContentLength }: GetObjectCommandOutput): number {
  if (ContentLength === undefined) throw s3Fault(new Error("S3 answered without a length"));
  return ContentLength;
}
