import { readConfig, type S3Config } from "#core/config.ts";
import { describeWithBucket } from "#test/test-bucket.ts";
import { describeEndlessComplete, describeS3, describeSilence } from "./s3-store.ts";

/** The bucket that `SLIPWAY_TEST_S3_BUCKET` names, with the settings of the service; credentials as the AWS SDK finds
 *  them. */
function namedBucket(): S3Config | null {
  const bucket = process.env["SLIPWAY_TEST_S3_BUCKET"];
  if (bucket === undefined) return null;
  const others = { DATABASE_URL: "postgres://none", REDIS_URL: "redis://none", SLIPWAY_REGISTRY: "none" };
  return readConfig({ ...process.env, ...others, SLIPWAY_S3_BUCKET: bucket }).artifacts.s3;
}

function describeAll(name: string, config: S3Config): void {
  describeS3(name, config);
  describeSilence(name, config);
  describeEndlessComplete(name, config);
}

const named = namedBucket();
if (named !== null) describeAll(`the bucket ${named.bucket} at ${named.endpoint ?? "AWS"}`, named);
else describeWithBucket("on versitygw", "versitygw", ({ config }) => describeAll("versitygw", config));
