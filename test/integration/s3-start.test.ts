import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { PutBucketPolicyCommand, S3Client } from "@aws-sdk/client-s3";
import { afterEach, beforeEach, expect, inject, it, vi } from "vitest";
import { openBlobStore } from "#core/artifacts/open-blob-store.ts";
import { proveS3 } from "#core/artifacts/s3-prove.ts";
import type { S3Config } from "#core/config.ts";
import { isSlipwayError, reasonOf } from "#core/errors.ts";
import { WrongSetting } from "#core/settings.ts";
import { s3ServerPath } from "#standalone/setup/s3-servers.mjs";
import { storedObjects } from "#test/stored-objects.ts";
import { describeWithBucket } from "#test/test-bucket.ts";
import { whenDone } from "#test/when-done.ts";

/** The sentence for whoever set it. */
async function wrongIn(config: S3Config): Promise<string> {
  const error = await proveS3(config).then(
    () => new Error("nothing is wrong"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof WrongSetting)) throw error;
  expect(error.message).not.toMatch(/\n/);
  for (const secret of [inject("s3").secretAccessKey, process.env["AWS_SECRET_ACCESS_KEY"] ?? "-"])
    expect(error.message).not.toContain(secret);
  return error.message;
}

for (const server of ["versitygw", "minio"] as const)
  describeWithBucket(`the check of a bucket on ${server} at the start`, server, ({ config }) => {
    const blobs = openBlobStore({ dir: "", s3: config, leastFreeBytes: 0 });
    whenDone(() => blobs.close());
    const names = () => storedObjects({ blobs, config: { artifacts: { dir: "", s3: config } } });

    beforeEach(() => void vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true"));
    afterEach(() => {
      vi.unstubAllEnvs();
      vi.useRealTimers();
    });

    it("says what the server can do, and leaves nothing there", async () => {
      expect(await proveS3(config)).toEqual({ conditionalWrites: true });
      expect(await proveS3({ ...config, prefix: "", checksums: "supported" })).toEqual({ conditionalWrites: true });
      expect(await names()).toEqual([]);
    });

    it("names a bucket that is not there", async () => {
      const bucket = `none-${randomBytes(6).toString("hex")}`;
      expect(await wrongIn({ ...config, bucket })).toBe(
        `there is no bucket "${bucket}" at ${config.endpoint}: make it, or set SLIPWAY_S3_BUCKET to another`,
      );
    });

    it("says that credentials are missing, unknown or wrong", async () => {
      vi.stubEnv("AWS_SECRET_ACCESS_KEY", randomBytes(20).toString("hex"));
      expect(await wrongIn(config)).toBe(
        `S3 at ${config.endpoint} does not take the credentials (SignatureDoesNotMatch)`,
      );
      vi.stubEnv("AWS_ACCESS_KEY_ID", "nobody-that-is-known");
      expect(await wrongIn(config)).toBe(`S3 at ${config.endpoint} does not take the credentials (InvalidAccessKeyId)`);
      vi.stubEnv("AWS_ACCESS_KEY_ID", undefined);
      vi.stubEnv("AWS_SECRET_ACCESS_KEY", undefined);
      vi.stubEnv("HOME", "/nowhere");
      expect(await wrongIn(config)).toMatch(/^no credentials for S3 were found \(.+\): set AWS_ACCESS_KEY_ID and /);
    });

    it.each([
      [-20, "20 min behind"],
      [90, "90 min ahead of"],
    ])("says that the clock is off by %i min", async (minutes, words) => {
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + minutes * 60_000 });
      expect(await wrongIn(config)).toBe(`the clock of this machine is ${words} that of the S3 server: set it right`);
    });

    it("does not blame the settings for a server that is away", async () => {
      const error = await proveS3({ ...config, endpoint: "http://127.0.0.1:1" }).catch((reason: unknown) => reason);
      expect([isSlipwayError(error, "unavailable"), reasonOf(error)]).toEqual([
        true,
        expect.stringContaining("ECONNREFUSED"),
      ]);
    });
  });

describeWithBucket("the permissions that the check of a bucket needs", "versitygw", async ({ config }) => {
  const [user, password] = [`user-${randomBytes(4).toString("hex")}`, randomBytes(16).toString("hex")];
  const needed = [
    "ListBucket",
    "ListBucketMultipartUploads",
    "PutObject",
    "GetObject",
    "DeleteObject",
    "ListMultipartUploadParts",
    "AbortMultipartUpload",
  ];
  await addUser();
  const owner = new S3Client({ endpoint: config.endpoint ?? "", region: "us-east-1", forcePathStyle: true });
  await allow(needed); // the client has its credentials from now on
  whenDone(() => owner.destroy());
  beforeEach(() => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", user);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", password);
  });
  afterEach(() => void vi.unstubAllEnvs());

  async function addUser(): Promise<void> {
    const { accessKeyId, secretAccessKey } = inject("s3");
    const admin = ["admin", "--access", accessKeyId, "--secret", secretAccessKey];
    const account = ["create-user", "--access", user, "--secret", password, "--role", "user"];
    await promisify(execFile)(s3ServerPath("versitygw"), [
      ...admin,
      "--endpoint-url",
      config.endpoint ?? "",
      ...account,
    ]);
  }

  async function allow(actions: readonly string[]): Promise<void> {
    const ofBucket = actions.filter((action) => action.startsWith("ListBucket"));
    const ofObjects = actions.filter((action) => !action.startsWith("ListBucket"));
    const statement = (allowed: readonly string[], Resource: string) => ({
      Effect: "Allow",
      Principal: { AWS: [user] },
      Action: allowed.map((action) => `s3:${action}`),
      Resource,
    });
    const arn = `arn:aws:s3:::${config.bucket}`;
    const Policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [statement(ofBucket, arn), statement(ofObjects, `${arn}/*`)],
    });
    await owner.send(new PutBucketPolicyCommand({ Bucket: config.bucket, Policy }));
  }

  it.each(needed)("says that s3:%s is not allowed, and is content once it is", async (action) => {
    await allow(needed.filter((other) => other !== action));
    expect(await wrongIn(config)).toMatch(
      new RegExp(
        `^the credentials may not .+ in the bucket "${config.bucket}" at .+: allow s3:${action} for some/folder/`,
      ),
    );
    await allow(needed);
    expect(await proveS3(config)).toEqual({ conditionalWrites: true });
  });
});
