import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import type { BlobKey } from "#core/artifacts/blob-store.ts";
import { s3BlobStore } from "#core/artifacts/s3-blob-store.ts";
import { openS3 } from "#core/artifacts/s3-client.ts";
import { proveS3 } from "#core/artifacts/s3-prove.ts";
import { readConfig, type S3Config } from "#core/config.ts";
import { describeWithBucket } from "#test/test-bucket.ts";
import { whenDone } from "#test/when-done.ts";
import { faultyProxy } from "../integration/images/faulty-proxy.ts";
import { codeOf, inChunks } from "./store-under-test.ts";

const partBytes = 5 * 1024 ** 2;
const encryption = "x-amz-server-side-encryption";
const kmsKey = `${encryption}-aws-kms-key-id`;
const storageClass = "x-amz-storage-class";

/** What is asked of the bucket is in the requests: no server here keeps all of it, and some refuse it. */
describeWithBucket("how objects are to be kept", "versitygw", async ({ config, settings }) => {
  const requests: { name: string; asks: Record<string, unknown> }[] = [];
  const proxy = await faultyProxy(new URL(config.endpoint ?? "").host, ({ method, url = "", headers }) => {
    const asked = [encryption, kmsKey, storageClass].filter((name) => headers[name] !== undefined);
    requests.push({
      name: `${method} ${["uploads", "uploadId"].find((name) => new URL(url, "http://s3").searchParams.has(name)) ?? ""}`,
      asks: Object.fromEntries(asked.map((name) => [name, headers[name]])),
    });
    return false;
  });

  function s3With(chosen: Record<string, string>): S3Config {
    const others = { DATABASE_URL: "postgres://none", REDIS_URL: "redis://none", SLIPWAY_REGISTRY: "none" };
    const endpoint = { SLIPWAY_S3_ENDPOINT: `http://${proxy.host}` };
    const { s3 } = readConfig({ ...others, ...settings, ...endpoint, ...chosen }).artifacts;
    if (s3 === null) throw new Error("the settings name no bucket");
    return s3;
  }

  it.each<[Record<string, string>, Record<string, string>]>([
    [{}, {}],
    [{ SLIPWAY_S3_SSE: "s3" }, { [encryption]: "AES256" }],
    [{ SLIPWAY_S3_SSE: "kms" }, { [encryption]: "aws:kms" }],
    [
      { SLIPWAY_S3_SSE: "kms", SLIPWAY_S3_KMS_KEY: "alias/models", SLIPWAY_S3_STORAGE_CLASS: "STANDARD_IA" },
      { [encryption]: "aws:kms", [kmsKey]: "alias/models", [storageClass]: "STANDARD_IA" },
    ],
  ])("by %j is asked with everything that makes an object, and nothing else", async (chosen, asks) => {
    const s3 = s3With(chosen);
    const store = s3BlobStore(openS3(s3), { partBytes });
    whenDone(() => store.close());
    const newKey = () => randomBytes(16).toString("hex") as BlobKey;
    requests.length = 0;
    await codeOf(store.put(newKey(), inChunks(randomBytes(10))));
    await codeOf(store.put(newKey(), inChunks(randomBytes(partBytes + 10))));
    const key = newKey();
    const id = await store.parts.begin(key, { partBytes }).catch(() => null);
    if (id !== null) {
      const part = await store.parts.put(key, id, { number: 1, bytes: randomBytes(10), offset: 0 });
      await store.parts.complete(key, id, [part]);
    }
    await codeOf(proveS3(s3));
    const makes = (name: string) => name === "PUT " || name === "POST uploads";
    expect(new Set(requests.map(({ name }) => name).filter(makes))).toEqual(new Set(["PUT ", "POST uploads"]));
    for (const { name, asks: asked } of requests) expect([name, asked]).toEqual([name, makes(name) ? asks : {}]);
  });
});
