import { describeWithBucket } from "#test/test-bucket.ts";
import { describeS3, describeSilence } from "./s3-store.ts";

describeWithBucket("on MinIO", "minio", ({ config }) => {
  describeS3("MinIO", config);
  describeSilence("MinIO", config);
});
