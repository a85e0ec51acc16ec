import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { text } from "node:stream/consumers";
import { expect, inject, it } from "vitest";
import { proveS3 } from "#core/artifacts/s3-prove.ts";
import { programPath } from "#standalone/setup/service-programs.mjs";
import { describeWithBucket } from "#test/test-bucket.ts";

async function makeBucket(settings: Record<string, string>) {
  const child = spawn(process.execPath, [programPath("make-bucket")], { env: { ...process.env, ...settings } });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const [code, output, errors] = await Promise.all([exited, text(child.stdout), text(child.stderr)]);
  return { code, output, errors };
}

for (const server of ["versitygw", "minio"] as const)
  describeWithBucket(`make-bucket on ${server}`, server, ({ config }) => {
    const { accessKeyId, secretAccessKey } = inject("s3");
    const settings = {
      SLIPWAY_S3_ENDPOINT: config.endpoint ?? "",
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    };

    it("makes a bucket that Slipway can work in, and leaves one that is there as it is", async () => {
      const bucket = `made-${randomBytes(6).toString("hex")}`;
      const named = { ...settings, SLIPWAY_S3_BUCKET: bucket };
      expect(await makeBucket(named)).toEqual({ code: 0, output: `the bucket "${bucket}" was made\n`, errors: "" });
      expect(await proveS3({ ...config, bucket })).toEqual({ conditionalWrites: true });
      expect(await makeBucket(named)).toEqual({ code: 0, output: `the bucket "${bucket}" is there\n`, errors: "" });
    });

    it("says in one line that the credentials are not taken, or that no bucket is named", async () => {
      const wrong = randomBytes(20).toString("hex");
      const refused = await makeBucket({ ...settings, SLIPWAY_S3_BUCKET: "never-made", AWS_SECRET_ACCESS_KEY: wrong });
      expect(refused).toEqual({
        code: 1,
        output: "",
        errors: expect.stringMatching(
          /^no bucket was made: S3 at \S+ does not take the credentials \(SignatureDoesNotMatch\)\n$/,
        ),
      });
      expect(refused.errors).not.toContain(wrong);
      const unnamed = await makeBucket({ SLIPWAY_S3_BUCKET: "" });
      expect(unnamed).toMatchObject({ code: 2, errors: expect.stringContaining("SLIPWAY_S3_BUCKET is not set") });
    });
  });
