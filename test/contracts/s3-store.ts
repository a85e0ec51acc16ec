import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { PassThrough, type Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { DeleteObjectsCommand } from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import type { BlobKey } from "#core/artifacts/blob-store.ts";
import { s3BlobStore } from "#core/artifacts/s3-blob-store.ts";
import { openS3 } from "#core/artifacts/s3-client.ts";
import type { S3Config } from "#core/config.ts";
import { shortest } from "#test/shortest.ts";
import { tcpProxy } from "#test/tcp-proxy.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";
import { faultyProxy } from "../integration/images/faulty-proxy.ts";
import { describeBlobStore } from "./blob-store.ts";
import { describeDirectAccess } from "./direct-access.ts";
import { describeS3Stages } from "./s3-stages.ts";
import { codeOf, inChunks, keysOfTests, type StoreUnderTest } from "./store-under-test.ts";

const partBytes = 5 * 1024 ** 2;
/** Of DeleteObjects. */
const mostRemovedAtOnce = 1_000;

function underTest(config: S3Config, limits?: { patienceMs: number }): StoreUnderTest {
  const inFolder = { ...config, prefix: `${config.prefix}test-${randomBytes(8).toString("hex")}/` };
  const s3 = openS3(inFolder, limits);
  const store = s3BlobStore(s3, { partBytes });
  const broken = s3BlobStore(openS3({ ...inFolder, bucket: `no-such-bucket-${randomBytes(8).toString("hex")}` }));
  const objects = async () => {
    const names: string[] = [];
    for await (const page of store.list()) names.push(...page.map(({ key }) => key));
    for await (const page of store.parts.unfinished())
      names.push(...page.map(({ key, id }) => `${key} in parts ${id}`));
    return names.sort();
  };
  const clear = async (keys: readonly BlobKey[]) => {
    for (let at = 0; at < keys.length; at += mostRemovedAtOnce) {
      const Objects = keys.slice(at, at + mostRemovedAtOnce).map((key) => ({ Key: s3.keyOf(key) }));
      await s3.send(new DeleteObjectsCommand({ Bucket: s3.bucket, Delete: { Objects, Quiet: true } }));
    }
  };
  whenDone(async () => {
    for await (const page of store.parts.unfinished()) for (const { key, id } of page) await store.parts.abort(key, id);
    for await (const page of store.list()) await clear(page.map(({ key }) => key));
    store.close();
    broken.close();
  });
  return { store, objects, clear, broken, partBytes };
}

/** What the store does on every S3 server. */
export function describeS3(name: string, config: S3Config): void {
  describeBlobStore(name, () => underTest(config));
  describeDirectAccess(name, () => underTest(config));
  const { endpoint } = config;
  if (endpoint === null) return;
  describeBadConnections(name, { ...config, endpoint });
  describeS3Stages(name, endpoint, (through) => underTest({ ...config, endpoint: through }));
}

/** What a store does that is reached through a network that fails. */
function describeBadConnections(name: string, config: S3Config & { endpoint: string }): void {
  describe(`bad connections to ${name}`, async () => {
    const proxy = await tcpProxy(config.endpoint);
    const made = underTest({ ...config, endpoint: proxy.urlOf(config.endpoint) });
    const { store, objects } = made;
    const newKey = keysOfTests(made);
    const bytes = randomBytes(6 * partBytes);

    it("goes on with a download that was cut off", async () => {
      const key = newKey();
      await store.put(key, inChunks(bytes));
      const stream = await store.open(key);
      const first = await firstOf(stream);
      proxy.cut();
      proxy.open();
      expect(Buffer.concat([first, await buffer(stream)]).equals(bytes)).toBe(true);
    });

    it("is unavailable within seconds while nothing answers, keeps nothing, and works again by itself", async () => {
      const before = await objects();
      proxy.cut();
      const started = Date.now();
      const attempts = [
        store.check(),
        store.stat(newKey()),
        store.open(newKey()),
        store.put(newKey(), inChunks(bytes)),
        store.parts.begin(newKey(), { partBytes }),
      ];
      expect(new Set(await Promise.all(attempts.map(codeOf)))).toEqual(new Set(["unavailable"]));
      expect(Date.now() - started).toBeLessThan(25_000);
      proxy.open();
      expect(await objects()).toEqual(before);
    });

    it("leaves nothing whole of an upload that is cut off for good", async () => {
      const key = newKey();
      const body = new PassThrough({ highWaterMark: bytes.length });
      const putting = codeOf(store.put(key, body));
      body.write(bytes.subarray(0, 3 * partBytes));
      await new Promise((resolve) => setTimeout(resolve, 50));
      proxy.cut();
      body.end(bytes.subarray(3 * partBytes));
      expect(await putting).toBe("unavailable");
      proxy.open();
      expect(await store.stat(key)).toBeNull();
      // What the server could not be told to drop is found by whoever looks for it.
      for await (const page of store.parts.unfinished())
        for (const { key: of, id } of page) if (of === key) await store.parts.abort(key, id);
      expect((await objects()).filter((name) => name.includes(key))).toEqual([]);
    });
  });
}

/** What it does where a network forgets connections without closing them: it takes as long as a client waits. */
export function describeSilence(name: string, config: S3Config): void {
  const { endpoint } = config;
  if (endpoint === null) return;
  describe(`silent connections to ${name}`, async () => {
    const proxy = await tcpProxy(endpoint);
    const made = underTest({ ...config, endpoint: proxy.urlOf(endpoint) });
    const { store } = made;
    const newKey = keysOfTests(made);
    const bytes = randomBytes(6 * partBytes);

    it("goes on with a download and an upload whose connections carry nothing any more", async () => {
      const [read, written] = [newKey(), newKey()];
      await store.put(read, inChunks(bytes));
      const stream = await store.open(read);
      const first = await firstOf(stream);
      const body = new PassThrough({ highWaterMark: bytes.length });
      const putting = store.put(written, body);
      let sentBytes = 0;
      proxy.disturb((chunk, direction) => {
        if (direction === "up") sentBytes += chunk.length;
        return chunk;
      });
      body.write(bytes.subarray(0, 2 * partBytes));
      // Begun a second time, an upload whose first answer was lost would be the collector's.
      await waitUntil("a part is on its way", async () => sentBytes > partBytes / 2, { everyMs: 5 });
      proxy.freeze();
      body.end(bytes.subarray(2 * partBytes));
      expect(Buffer.concat([first, await buffer(stream)]).equals(bytes)).toBe(true);
      expect(await putting).toEqual({ sizeBytes: bytes.length });
      expect((await buffer(await store.open(written))).equals(bytes)).toBe(true);
    });
  });
}

/** What it does where a server never says that it has made one object of the parts. The limit is a minute in service. */
export function describeEndlessComplete(name: string, config: S3Config): void {
  const { endpoint } = config;
  if (endpoint === null) return;
  describe(`a completion that ${name} does not answer`, async () => {
    let hangs = true;
    const proxy = await faultyProxy(new URL(endpoint).host, (incoming) => {
      if (!hangs || incoming.method !== "POST" || !incoming.url?.includes("uploadId=")) return false;
      incoming.resume();
      return true;
    });
    const reached = { ...config, endpoint: `http://${proxy.host}` };
    const made = underTest(reached, { patienceMs: 2_000 });
    const { store, objects } = made;
    const newKey = keysOfTests(made);

    it("is given up within its limit, all tries together, and leaves nothing of a body", async () => {
      const before = await objects();
      hangs = true;
      const ms = await shortest(async () =>
        expect(await codeOf(store.put(newKey(), inChunks(randomBytes(2 * partBytes))))).toBe("unavailable"),
      );
      expect(ms).toBeLessThan(5_000);
      expect(await objects()).toEqual(before);
    });

    it("is given up so of an upload in parts, too, which is completed when the server answers", async () => {
      hangs = true;
      const key = newKey();
      const id = await store.parts.begin(key, { partBytes });
      const part = await store.parts.put(key, id, { number: 1, bytes: Buffer.from("part"), offset: 0 });
      const ms = await shortest(async () =>
        expect(await codeOf(store.parts.complete(key, id, [part]))).toBe("unavailable"),
      );
      expect(ms).toBeLessThan(4_000);
      hangs = false;
      expect(await store.parts.complete(key, id, [part])).toEqual({ sizeBytes: 4 });
      await store.remove(key);
    });
  });
}

/** Takes the first bytes of a stream and leaves the rest to `buffer`. */
async function firstOf(stream: Readable) {
  for (;;) {
    const chunk: Buffer | null = stream.read();
    if (chunk !== null) return chunk;
    await once(stream, "readable");
  }
}
