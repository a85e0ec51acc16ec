import { CreateBucketCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import type { S3Config } from "#core/config.ts";
import { isS3Error, openS3 } from "./s3-client.ts";
import { wrongS3Setting } from "./s3-faults.ts";

/** Makes the bucket of the settings where there is none; false where it is there already. One that is there is left as
 *  it is, whoever made it. Throws `WrongSetting` where the server will refuse it again, and `unavailable` where it cannot
 *  be used now. */
export async function makeBucket(config: S3Config): Promise<boolean> {
  const s3 = openS3(config);
  try {
    if (await isThere()) return false;
    await s3.send(new CreateBucketCommand({ Bucket: s3.bucket, ...placeOf(config) }));
    return true;
  } catch (error) {
    if (isS3Error(error, "BucketAlreadyOwnedByYou")) return false; // another one made it in between
    throw wrongS3Setting(error, s3, "s3:CreateBucket") ?? error;
  } finally {
    s3.close();
  }

  /** HeadBucket would say no more of a refusal than its status. */
  async function isThere(): Promise<boolean> {
    try {
      await s3.send(new ListObjectsV2Command({ Bucket: s3.bucket, MaxKeys: 1 }));
      return true;
    } catch (error) {
      if (isS3Error(error, "NoSuchBucket")) return false;
      throw wrongS3Setting(error, s3, "s3:ListBucket") ?? error;
    }
  }
}

/** AWS takes the region of a bucket from the body, and refuses us-east-1 there (Amazon S3, CreateBucket). */
function placeOf({ endpoint, region }: S3Config) {
  const isDefault = endpoint !== null || region === "us-east-1";
  return isDefault ? {} : { CreateBucketConfiguration: { LocationConstraint: region as "eu-west-1" } };
}
