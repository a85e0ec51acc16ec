import { randomBytes } from "node:crypto";
import http from "node:http";
import { expect, it } from "vitest";
import { cutAt, flipAt, slow } from "#test/disturbances.ts";
import type { S3ServerName } from "#test/s3-servers.ts";
import { type Disturbance, tcpProxy } from "#test/tcp-proxy.ts";
import { describeWithBucket } from "#test/test-bucket.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { faultyProxy } from "./images/faulty-proxy.ts";

const mebibyte = 1024 ** 2;
const size = 12 * mebibyte;
const version = "/v1/models/model/versions/1.0.0";
const file = `${version}/files/a.bin`;

interface Download {
  status: number;
  /** As the length that was announced, or the last chunk, says. */
  isWhole: boolean;
  bytes: Buffer;
}

function download(port: number, path: string, headers: Record<string, string> = {}): Promise<Download> {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: "127.0.0.1", port, path, headers, timeout: 60_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", () => {}); // a cut is one of the ends
      response.on("close", () =>
        resolve({ status: response.statusCode ?? 0, isWhole: response.complete, bytes: Buffer.concat(chunks) }),
      );
    });
    request.on("timeout", () => request.destroy(new Error("silent for a minute")));
    request.on("error", reject);
  });
}

for (const server of ["versitygw", "minio"] as const satisfies S3ServerName[])
  describeWithBucket(`a download, with a bad network to ${server}`, server, async ({ config, settings }) => {
    const proxy = await tcpProxy(config.endpoint ?? "");
    const service = await testService({ ...settings, SLIPWAY_S3_ENDPOINT: proxy.urlOf(config.endpoint ?? "") });
    const bytes = randomBytes(size);
    await draftOf(service, "model", "1.0.0", { "a.bin": bytes });
    const read = async (disturbance: Disturbance | null, path = file, headers = {}) => {
      proxy.disturb(disturbance);
      try {
        return await download(service.port, path, headers);
      } finally {
        proxy.disturb(null);
      }
    };
    const whole = { "the file": file, "a package": `${version}/package?format=zip` };

    it.each<[string, Disturbance]>([
      ["is cut before the first byte", cutAt("down", 10)],
      ["is cut in the middle", cutAt("down", size / 2)],
      ["is cut before the last byte", cutAt("down", size)],
      ["is slow", slow(8 * mebibyte)],
    ])("is whole where it %s", async (_, disturbance) => {
      const { status, isWhole, bytes: got } = await read(disturbance);
      expect([status, isWhole, got.equals(bytes)]).toEqual([200, true, true]);
    });

    it("of a range is whole where it is cut", async () => {
      const range = { range: `bytes=1000-${size - 1_001}` };
      const { status, isWhole, bytes: got } = await read(cutAt("down", size / 2), file, range);
      expect([status, isWhole, got.equals(bytes.subarray(1_000, size - 1_000))]).toEqual([206, true, true]);
    });

    it.each(Object.entries(whole))("of %s is never whole where a bit of it flips", async (_, path) => {
      for (const offset of [mebibyte, size / 2, size - 1_000]) {
        const { status, isWhole } = await read(flipAt("down", offset), path);
        expect([status, isWhole]).toEqual([200, false]);
      }
      expect(await read(null, path)).toMatchObject({ status: 200, isWhole: true });
    });

    it("is right, or refused, or cut off, wherever a bit flips on the way of its request and of the answer's head", async () => {
      for (let round = 0; round < 20; round += 1) {
        const { status, isWhole, bytes: got } = await read(flipAt(round % 2 === 0 ? "up" : "down", round * 37));
        if (status === 200 && isWhole) expect(got.equals(bytes)).toBe(true);
        else expect([200, 500, 503]).toContain(status);
      }
    });

    it("is cut off within seconds where the network is gone for good, or is 503, and works again by itself", async () => {
      const started = Date.now();
      const cut = await read((chunk, way) => {
        if (way === "down") setTimeout(() => proxy.cut(), 1);
        return chunk;
      });
      expect(cut.isWhole && cut.bytes.equals(bytes)).toBe(false);
      expect(await read(null)).toMatchObject({ status: 503 });
      expect(Date.now() - started).toBeLessThan(45_000);
      proxy.open();
      expect((await read(null)).bytes.equals(bytes)).toBe(true);
    });

    it("goes on where its connection says nothing any more", async () => {
      let frozen = false;
      const {
        status,
        isWhole,
        bytes: got,
      } = await read((chunk, way) => {
        if (way === "down" && !frozen) {
          frozen = true;
          setTimeout(() => proxy.freeze(), 1);
        }
        return chunk;
      });
      expect([status, isWhole, got.equals(bytes)]).toEqual([200, true, true]);
    });
  });

describeWithBucket("a download from an S3 server that answers 500", "versitygw", async ({ config, settings }) => {
  let times = 0;
  const proxy = await faultyProxy(new URL(config.endpoint ?? "").host, (incoming, response) => {
    if (incoming.method !== "GET" || times <= 0) return false;
    times -= 1;
    response.writeHead(500, { "content-type": "application/xml" });
    response.end("<Error><Code>InternalError</Code><Message>try again</Message></Error>");
    return true;
  });
  const service = await testService({ ...settings, SLIPWAY_S3_ENDPOINT: `http://${proxy.host}` });
  const bytes = randomBytes(mebibyte);
  await draftOf(service, "model", "1.0.0", { "a.bin": bytes });

  it.each([
    ["the file is 503", file, { status: 503 }],
    // Its answer has begun by then.
    ["a package is cut off", `${version}/package`, { status: 200, isWhole: false }],
  ])("of %s, and is whole where it is well again", async (_, path, failed) => {
    times = 2;
    expect(await download(service.port, path)).toMatchObject({ status: 200, isWhole: true });
    times = Number.POSITIVE_INFINITY;
    expect(await download(service.port, path)).toMatchObject(failed);
    times = 0;
    expect(await download(service.port, path)).toMatchObject({ status: 200, isWhole: true });
  });
});
