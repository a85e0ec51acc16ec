import {
  CopyObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import type { ArtifactsConfig } from "#core/config.ts";
import { copyOf } from "./database-backup.ts";
import { newBucket, s3Settings } from "./test-bucket.ts";

/** What a process is given that is to use this store. */
export function storeSettingsOf({ dir, s3 }: ArtifactsConfig): Record<string, string> {
  return s3 === null ? { SLIPWAY_ARTIFACTS_DIR: dir } : s3Settings(s3);
}

/** A backup of a store that may be in use, as a tool that knows nothing of Slipway makes it: a folder as `rsync` copies it,
 *  or a bucket object by object. What goes meanwhile is in it or not. */
export async function copyOfStore({ dir, s3, ...others }: ArtifactsConfig): Promise<ArtifactsConfig> {
  if (s3 === null) return { ...others, dir: await copyOf(dir), s3 };
  const { config } = await newBucket(s3.endpoint ?? "");
  const client = new S3Client({ endpoint: s3.endpoint ?? "", region: s3.region, forcePathStyle: s3.pathStyle });
  try {
    for (let from: { ContinuationToken?: string } | null = {}; from !== null; ) {
      const page: ListObjectsV2CommandOutput = await client.send(
        new ListObjectsV2Command({ Bucket: s3.bucket, ...from }),
      );
      for (const { Key = "" } of page.Contents ?? [])
        await client
          .send(new CopyObjectCommand({ Bucket: config.bucket, Key, CopySource: `${s3.bucket}/${Key}` }))
          .catch((error: unknown) => {
            if (!(error instanceof S3ServiceException && error.name === "NoSuchKey")) throw error;
          });
      from = page.NextContinuationToken === undefined ? null : { ContinuationToken: page.NextContinuationToken };
    }
  } finally {
    client.destroy();
  }
  return { ...others, dir, s3: { ...s3, bucket: config.bucket } };
}
