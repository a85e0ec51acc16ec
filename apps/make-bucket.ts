/* SLIPWAY_S3_BUCKET=… npm run make-bucket, or node dist/make-bucket.js (after npm run build): makes the bucket for artifacts
   where there is none. Code 2: a setting is wrong; code 1: the server refused, or did not answer within its time. */
import { setTimeout as sleep } from "node:timers/promises";
import { makeBucket } from "#core/artifacts/s3-make-bucket.ts";
import { readBucketConfig } from "#core/config.ts";
import { isSlipwayError, messageOf, reasonOf } from "#core/errors.ts";
import { ConfigError } from "#core/settings.ts";

/** A server that has just been started may not take requests yet. */
const patienceMs = 30_000;
const againMs = 500;

try {
  const config = readBucketConfig(process.env);
  const made = await patiently(() => makeBucket(config));
  console.log(`the bucket "${config.bucket}" ${made ? "was made" : "is there"}`);
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : `no bucket was made: ${messageOf(error)}`);
  process.exit(error instanceof ConfigError ? 2 : 1);
}

async function patiently<T>(act: () => Promise<T>): Promise<T> {
  for (const end = Date.now() + patienceMs; ; await sleep(againMs)) {
    try {
      return await act();
    } catch (error) {
      if (!isSlipwayError(error, "unavailable")) throw error;
      if (Date.now() > end) throw new Error(reasonOf(error), { cause: error });
    }
  }
}
