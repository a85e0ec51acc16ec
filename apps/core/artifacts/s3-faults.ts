import { S3ServiceException } from "@aws-sdk/client-s3";
import { isSlipwayError, messageOf } from "#core/errors.ts";
import { WrongSetting } from "#core/settings.ts";
import type { S3 } from "./s3-client.ts";

/** What a refused permission keeps Slipway from doing (Amazon S3, "Actions, resources, and condition keys"). */
const deeds: Record<string, string> = {
  "s3:ListBucket": "list objects",
  "s3:PutObject": "store objects",
  "s3:GetObject": "read objects",
  "s3:DeleteObject": "remove objects",
  "s3:ListBucketMultipartUploads": "list uploads in parts",
  "s3:ListMultipartUploadParts": "list the parts of an upload",
  "s3:AbortMultipartUpload": "abort uploads in parts",
  "s3:CreateBucket": "make buckets",
};

const credentialCodes = [
  "InvalidAccessKeyId",
  "SignatureDoesNotMatch",
  "InvalidToken",
  "ExpiredToken",
  "InvalidClientTokenId",
  "UnrecognizedClientException",
];

/** The sentence for the person who set it, where S3 will answer the same again; null where it may be another time. */
export function wrongS3Setting(error: unknown, s3: S3, permission: string): WrongSetting | null {
  if (error instanceof WrongSetting) return error;
  const cause = isSlipwayError(error) ? error.cause : error;
  const say = (sentence: string) => new WrongSetting(sentence, { cause });
  if (cause instanceof Error && cause.name === "CredentialsProviderError")
    return say(
      `no credentials for S3 were found (${messageOf(cause)}): set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile or role as the AWS SDK finds them`,
    );
  if (!(cause instanceof S3ServiceException)) return null;
  const { bucket, config } = s3;
  const where = config.endpoint ?? `AWS in ${config.region}`;
  const { name: code } = cause;
  if (code === "NoSuchBucket")
    return say(`there is no bucket "${bucket}" at ${where}: make it, or set SLIPWAY_S3_BUCKET to another`);
  if (code === "RequestTimeTooSkewed")
    return say(`the clock of this machine is too far from that of S3 at ${where}: set it right`);
  if (credentialCodes.includes(code)) return say(`S3 at ${where} does not take the credentials (${code})`);
  if (isElsewhere(cause))
    return say(
      `the bucket "${bucket}" is not in the region ${config.region}: set SLIPWAY_S3_REGION${itsRegion(cause)}`,
    );
  if (code.startsWith("KMS."))
    return say(`the bucket "${bucket}" cannot be written with the key of SLIPWAY_S3_KMS_KEY: ${messageOf(cause)}`);
  if (code === "InvalidStorageClass")
    return say(`S3 at ${where} does not know the storage class ${config.storageClass} of SLIPWAY_S3_STORAGE_CLASS`);
  const status = cause.$metadata.httpStatusCode ?? 0;
  if (status === 403)
    return say(
      `the credentials may not ${deeds[permission]} in the bucket "${bucket}" at ${where}: allow ${permission} for ${config.prefix}* (${code})`,
    );
  if (status === 400 || status === 405 || status === 501)
    return say(
      `S3 at ${where} refuses to ${deeds[permission]} in the bucket "${bucket}": ${code}: ${messageOf(cause)}`,
    );
  return null;
}

function isElsewhere({ name, $metadata: { httpStatusCode = 0 } }: S3ServiceException): boolean {
  return (
    [301, 307].includes(httpStatusCode) ||
    ["PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"].includes(name)
  );
}

/** Where the server says it. */
function itsRegion({ $response }: S3ServiceException): string {
  const region = $response?.headers["x-amz-bucket-region"];
  return region === undefined ? "" : ` to ${region}`;
}
