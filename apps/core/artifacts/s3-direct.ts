import { GetObjectCommand, UploadPartCommand } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import type { DirectAccess } from "./blob-store.ts";
import type { S3 } from "./s3-client.ts";

const checksumHeader = "x-amz-checksum-sha256";

/** Presigned requests (AWS Signature Version 4, query parameters). The checksum must stay a header: servers pass over one
 *  that is moved to the query string. */
export function s3Direct(s3: S3): DirectAccess {
  return {
    async putPart(key, id, { number, sizeBytes, sha256 }, lifetimeSeconds) {
      const checksum = sha256.toString("base64");
      const command = new UploadPartCommand({
        Bucket: s3.bucket,
        Key: s3.keyOf(key),
        UploadId: id,
        PartNumber: number,
        ContentLength: sizeBytes,
        ChecksumSHA256: checksum,
      });
      const url = await getSignedUrl(s3.presigner, command, {
        expiresIn: lifetimeSeconds,
        unhoistableHeaders: new Set([checksumHeader]),
        signableHeaders: new Set(["host", "content-length", checksumHeader]),
      });
      return { url, headers: { [checksumHeader]: checksum } };
    },

    async get(key, { disposition, lifetimeSeconds }) {
      const command = new GetObjectCommand({
        Bucket: s3.bucket,
        Key: s3.keyOf(key),
        ResponseContentDisposition: disposition,
        ResponseContentType: "application/octet-stream",
      });
      return { url: await getSignedUrl(s3.presigner, command, { expiresIn: lifetimeSeconds }), headers: {} };
    },
  };
}
