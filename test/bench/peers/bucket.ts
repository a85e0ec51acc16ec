import { randomBytes } from "node:crypto";
import { createReadStream, createWriteStream, rmSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { CreateBucketCommand, DeleteObjectCommand, GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import type { Environment } from "#core/settings.ts";
import { freePort } from "#standalone/free-port.ts";
import { startS3Server } from "#test/s3-servers.ts";
import { secondsOf } from "../command.ts";
import type { Bench } from "../figure.ts";

/** A bucket on a real S3 server, and the way to it without Slipway: the SDK as it comes. */
export interface Bucket {
  /** For an instance that keeps its artifacts there. */
  settings: Environment;
  /** Seconds of the SDK's own upload in parts (`@aws-sdk/lib-storage`, nothing set). */
  upload(key: string, path: string): Promise<number>;
  /** Seconds of its GetObject, the bytes thrown away. */
  download(key: string): Promise<number>;
  remove(key: string): Promise<void>;
  stop(): Promise<void>;
}

export const bucketServer = "versitygw";

export async function startBucket(bench: Bench): Promise<Bucket> {
  const folder = join(bench.folder, "bucket");
  const credentials = {
    accessKeyId: randomBytes(10).toString("hex"),
    secretAccessKey: randomBytes(20).toString("hex"),
  };
  const options = { folder, port: await freePort(), ...credentials, ledger: bench.ledger };
  const { child, endpoint } = await startS3Server(bucketServer, options);
  const s3 = new S3Client({ endpoint, region: "us-east-1", forcePathStyle: true, credentials });
  const Bucket = "artifacts";
  await s3.send(new CreateBucketCommand({ Bucket }));
  return {
    settings: {
      SLIPWAY_S3_BUCKET: Bucket,
      SLIPWAY_S3_ENDPOINT: endpoint,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
    upload: (Key, path) =>
      secondsOf(() => new Upload({ client: s3, params: { Bucket, Key, Body: createReadStream(path) } }).done()),
    download: (Key) =>
      secondsOf(async () => {
        const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
        await pipeline(Body as Readable, createWriteStream("/dev/null"));
      }),
    async remove(Key) {
      await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    },
    async stop() {
      s3.destroy();
      await child.stop(5_000);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
