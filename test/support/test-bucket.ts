import { randomBytes } from "node:crypto";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { describe, inject, it } from "vitest";
import type { S3Config } from "#core/config.ts";
import type { S3ServerName } from "./s3-servers.ts";

export interface TestBucket {
  config: S3Config;
  /** The same as variables. */
  settings: Record<string, string>;
}

/** A suite with a bucket of its own. Where the server is not there it is skipped, and its name says why. */
export function describeWithBucket(
  name: string,
  serverName: S3ServerName,
  suite: (bucket: TestBucket) => void | Promise<void>,
): void {
  const server = inject("s3")[serverName];
  if (server.available) describe(name, async () => suite(await testBucket(serverName)));
  else describe.skip(`${name} (${server.why})`, () => void it("is not tried", () => {}));
}

/** An empty bucket that no other test has; it goes with the servers. This process, too, then has the credentials. */
export async function testBucket(name: S3ServerName = "versitygw"): Promise<TestBucket> {
  const server = inject("s3")[name];
  if (!server.available) throw new Error(server.why);
  return newBucket(server.endpoint);
}

/** The same on a server that takes the credentials of this run's. */
export async function newBucket(endpoint: string): Promise<TestBucket> {
  const { accessKeyId, secretAccessKey } = inject("s3");
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey });
  const bucket = `test-${randomBytes(8).toString("hex")}`;
  const client = new S3Client({ endpoint, region: "us-east-1", forcePathStyle: true });
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
  } finally {
    client.destroy();
  }
  const config: S3Config = {
    bucket,
    prefix: "some/folder/",
    endpoint,
    publicEndpoint: null,
    region: "us-east-1",
    pathStyle: true,
    checksums: "required",
    sse: null,
    storageClass: null,
  };
  return { config, settings: s3Settings(config) };
}

/** What a process is given that is to use the same bucket; it has the credentials of this one. */
export function s3Settings({ bucket, prefix, endpoint, checksums }: S3Config): Record<string, string> {
  return {
    SLIPWAY_S3_BUCKET: bucket,
    SLIPWAY_S3_PREFIX: prefix,
    SLIPWAY_S3_ENDPOINT: endpoint ?? "",
    SLIPWAY_S3_CHECKSUMS: checksums,
  };
}
