import { randomBytes } from "node:crypto";
import http, { type RequestOptions } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { inject } from "vitest";
import { makeApp } from "#api/app.ts";
import { openBlobStore } from "#core/artifacts/open-blob-store.ts";
import { type Config, readConfig } from "#core/config.ts";
import { openDatabase } from "#core/database/client.ts";
import { makeLogger } from "#core/logger.ts";
import { tagDoorbell } from "#core/promotion/tag-doorbell.ts";
import type { Registry } from "#core/registry.ts";
import { openDoorbell } from "#core/work/queue.ts";
import { uvPath } from "#standalone/setup/uv.mjs";
import { sharedCache } from "./made-before.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { testBucket } from "./test-bucket.ts";
import { testDatabase } from "./test-database.ts";
import { whenDone } from "./when-done.ts";

export interface TestService {
  registry: Registry;
  port: number;
  /** Sends a request, its path as it stands: nothing on the way tidies it. */
  call(method: Method, url: string, options?: CallOptions): Promise<Answer>;
}

type Method = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS";

interface CallOptions {
  json?: unknown;
  bytes?: Buffer | string;
  headers?: Record<string, string>;
  /** Of another API on the same parts. */
  port?: number;
  timeoutMs?: number;
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | number | undefined>;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects and fails where it is not there
  json: any;
  bytes: Buffer;
}

/** The API on a database, a queue and a store of its own, closed when the file or the `describe` ends. The store is
 *  files, or a bucket of the S3 server that TEST_STORE names (`versitygw`, `minio`). */
export async function testService(settings: Record<string, string> = {}): Promise<TestService> {
  const { url } = await testDatabase();
  const { redisUrl, registryHost } = inject("parts");
  const config: Config = readConfig({
    DATABASE_URL: url,
    REDIS_URL: redisUrl,
    SLIPWAY_QUEUE_PREFIX: `test-${randomBytes(6).toString("hex")}`,
    SLIPWAY_REGISTRY: `${registryHost}/test-${randomBytes(6).toString("hex")}`,
    SLIPWAY_DATA_DIR: temporaryFolder(),
    SLIPWAY_CACHE_DIR: sharedCache(),
    SLIPWAY_UV: process.env["SLIPWAY_UV"] ?? uvPath,
    SLIPWAY_PROOF: "off",
    LOG_LEVEL: process.env["TEST_LOG_LEVEL"] ?? "silent",
    ...("SLIPWAY_ARTIFACTS_DIR" in settings ? {} : await storeSettings()),
    ...settings,
  });
  const log = makeLogger({ level: config.logLevel, part: "test" });
  const db = openDatabase(config.database);
  const doorbell = tagDoorbell(openDoorbell(config.queue, log), { db, config, log }, "test-service");
  const registry: Registry = { config, log, db, doorbell, blobs: openBlobStore(config.artifacts) };
  const app = await makeApp(registry);
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = app.server.address() as AddressInfo;
  whenDone(async () => {
    await app.close();
    registry.blobs.close();
    await doorbell.close();
    await db.$disconnect();
  });
  return {
    registry,
    port,
    async call(method, path, { json, bytes, headers = {}, port: other, timeoutMs = 60_000 } = {}) {
      const answer = await send({
        method,
        port: other ?? port,
        timeout: timeoutMs,
        path,
        headers: { ...(json === undefined ? {} : { "content-type": "application/json" }), ...headers },
        body: json === undefined ? (bytes ?? "") : JSON.stringify(json),
      });
      const isJson = /[/+]json/.test(String(answer.headers["content-type"] ?? ""));
      return { ...answer, json: isJson && answer.bytes.length > 0 ? JSON.parse(answer.bytes.toString()) : undefined };
    },
  };
}

async function storeSettings(): Promise<Record<string, string>> {
  const name = process.env["TEST_STORE"] ?? "files";
  if (name === "files") return {};
  if (name !== "versitygw" && name !== "minio") throw new Error(`TEST_STORE is "${name}": files, versitygw or minio`);
  return (await testBucket(name)).settings;
}

function send({ body, ...options }: RequestOptions & { body: Buffer | string }): Promise<Omit<Answer, "json">> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: "127.0.0.1", ...options }, (response) => {
      buffer(response).then(
        (bytes) => resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes }),
        reject,
      );
    });
    request.on("error", reject);
    request.on("timeout", () =>
      request.destroy(new Error(`${options.path} did not answer within ${options.timeout} ms`)),
    );
    request.end(body);
  });
}

/** A model with a draft that holds the files; answers that are not 201 fail the test. */
export async function draftOf(
  { call }: TestService,
  model: string,
  version: string,
  files: Record<string, string | Buffer> = {},
): Promise<void> {
  const made = await call("POST", "/v1/models", { json: { name: model } });
  if (made.status !== 201 && made.status !== 409) throw new Error(`the model answered ${made.status}`);
  const draft = await call("POST", `/v1/models/${model}/versions`, { json: { version } });
  if (draft.status !== 201) throw new Error(`the draft answered ${draft.status}: ${JSON.stringify(draft.json)}`);
  for (const [path, bytes] of Object.entries(files)) {
    const put = await call("PUT", `/v1/models/${model}/versions/${version}/files/${path}`, { bytes });
    if (put.status !== 201) throw new Error(`${path} answered ${put.status}: ${JSON.stringify(put.json)}`);
  }
}
