import { it } from "vitest";
import { describeWithBucket } from "#test/test-bucket.ts";
import { killUnderUploads } from "./kill-under-uploads.ts";
import { killSettings } from "./settings.ts";

const { seed } = killSettings(process.env);

describeWithBucket("with its artifacts in a bucket", "versitygw", ({ config, settings }) => {
  it(`keeps what it acknowledged of 60 uploads while its APIs are killed, and nothing else (seed ${seed})`, async () => {
    await killUnderUploads({
      seed,
      uploads: 60,
      ways: ["put", "resume", "direct"],
      s3: config,
      // The folder that every instance has would be a second place.
      settings: { ...settings, SLIPWAY_ARTIFACTS_DIR: "" },
    });
  }, 400_000);
});
