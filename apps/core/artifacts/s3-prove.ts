import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import type { S3Config } from "#core/config.ts";
import { WrongSetting } from "#core/settings.ts";
import { type BlobKey, newKey } from "./blob-store.ts";
import { isS3Error, openS3, type S3, storageOf } from "./s3-client.ts";
import { wrongS3Setting } from "./s3-faults.ts";

/** What a server does that another may not. */
export interface S3Traits {
  /** Whether a key that is taken is refused (`If-None-Match: *`), and not written over. */
  conditionalWrites: boolean;
}

/** S3 itself takes no request of a clock that is off by 15 min, and Slipway's signed URLs would live as much too long or
 *  too short. */
const clockLimitMs = 5 * 60_000;

/** Does once, with one byte under a key of chance, all that Slipway will do in this bucket. Throws `WrongSetting` where the
 *  server refuses something that it will refuse again, and `unavailable` where it cannot be used now. A probe that a kill
 *  leaves is an orphan like any other. */
export async function proveS3(config: S3Config): Promise<S3Traits> {
  const s3 = openS3(config);
  try {
    return await prove(s3);
  } finally {
    s3.close();
  }
}

async function prove(s3: S3): Promise<S3Traits> {
  const object = { Bucket: s3.bucket, Key: s3.keyOf(newKey()) };
  const may = async <T>(permission: string, request: Promise<T>): Promise<T> => {
    try {
      return await request;
    } catch (error) {
      throw wrongS3Setting(error, s3, permission) ?? error;
    }
  };
  const folder = { Bucket: s3.bucket, Prefix: s3.keyOf("" as BlobKey) };
  await may("s3:ListBucket", s3.send(new ListObjectsV2Command({ ...folder, MaxKeys: 1 })));
  requireRightClock(s3);
  const put = new PutObjectCommand({ ...object, ...storageOf(s3.config), Body: Buffer.from("?") });
  await may("s3:PutObject", s3.send(put));
  const remove = () => s3.send(new DeleteObjectCommand(object));
  try {
    const conditionalWrites = await may("s3:PutObject", refusesToReplace(s3, object));
    await may("s3:GetObject", readBack(s3, object));
    await may("s3:ListBucketMultipartUploads", s3.send(new ListMultipartUploadsCommand({ ...folder, MaxUploads: 1 })));
    const begin = new CreateMultipartUploadCommand({ ...object, ...storageOf(s3.config), ChecksumAlgorithm: "SHA256" });
    const upload = { ...object, UploadId: (await may("s3:PutObject", s3.send(begin))).UploadId };
    await may("s3:ListMultipartUploadParts", s3.send(new ListPartsCommand(upload)));
    await may("s3:AbortMultipartUpload", s3.send(new AbortMultipartUploadCommand(upload)));
    await may("s3:DeleteObject", remove());
    return { conditionalWrites };
  } catch (error) {
    await remove().catch(() => {}); // what was wrong first is what is said
    throw error;
  }
}

async function refusesToReplace(s3: S3, object: { Bucket: string; Key: string }): Promise<boolean> {
  const again = { ...object, ...storageOf(s3.config), IfNoneMatch: "*", Body: Buffer.from("?") };
  try {
    await s3.send(new PutObjectCommand(again));
    return false;
  } catch (error) {
    if (isS3Error(error, "PreconditionFailed")) return true;
    if (isS3Error(error, "NotImplemented")) return false;
    throw error;
  }
}

/** Some servers keep what frames the bytes on their way as if it were part of them. */
async function readBack(s3: S3, object: { Bucket: string; Key: string }): Promise<void> {
  const { Body } = await s3.send(new GetObjectCommand(object));
  const text = await Body?.transformToString();
  if (text !== "?")
    throw new WrongSetting("the S3 server gives back other bytes than it was given: it cannot keep artifacts");
}

function requireRightClock(s3: S3): void {
  const offsetMs = s3.clockOffsetMs();
  if (Math.abs(offsetMs) < clockLimitMs) return;
  throw new WrongSetting(
    `the clock of this machine is ${Math.round(Math.abs(offsetMs) / 60_000)} min ${offsetMs < 0 ? "ahead of" : "behind"} that of the S3 server: set it right`,
  );
}
