import { createHash, randomBytes, randomInt } from "node:crypto";
import { describe, expect, it } from "vitest";
import { openBlobStore } from "#core/artifacts/open-blob-store.ts";
import { cutAt, flipAt, slow } from "#test/disturbances.ts";
import { expectHonest, type Sent } from "#test/honest-store.ts";
import type { S3ServerName } from "#test/s3-servers.ts";
import { type Disturbance, tcpProxy } from "#test/tcp-proxy.ts";
import { describeWithBucket } from "#test/test-bucket.ts";
import { draftOf, type TestService, testService } from "#test/test-service.ts";
import { whenDone } from "#test/when-done.ts";
import { faultyProxy } from "./images/faulty-proxy.ts";

const mebibyte = 1024 ** 2;
/** One request to S3, or some. */
const partBytes = 8 * mebibyte;
const sizes = { "that goes whole": 2 * mebibyte, "that goes in parts": 18 * mebibyte };

/** Uploads files one by one and knows what was acknowledged. */
async function uploader(service: TestService) {
  await draftOf(service, "model", "1.0.0");
  const version = "/v1/models/model/versions/1.0.0";
  const sent: Sent = { acknowledged: new Map(), unanswered: new Set() };
  /** Null where the client had to wait too long. */
  const upload = async (bytes: Buffer): Promise<number | null> => {
    const path = `${randomBytes(6).toString("hex")}.bin`;
    sent.unanswered.add(path);
    const answer = await service.call("PUT", `${version}/files/${path}`, { bytes }).catch(() => null);
    if (answer === null) return null;
    if (answer.status === 201) sent.acknowledged.set(path, createHash("sha256").update(bytes).digest("hex"));
    else expect([answer.status, answer.json.type]).toEqual([503, "/problems/unavailable"]);
    sent.unanswered.delete(path);
    return answer.status;
  };
  return { version, sent, upload };
}

for (const server of ["versitygw", "minio"] as const satisfies S3ServerName[])
  describeWithBucket(`a network to ${server} that fails`, server, async ({ config, settings }) => {
    const endpoint = config.endpoint ?? "";
    const proxy = await tcpProxy(endpoint);
    const service = await testService({ ...settings, SLIPWAY_S3_ENDPOINT: proxy.urlOf(endpoint) });
    const store = openBlobStore({ dir: "", s3: config, leastFreeBytes: 0 });
    whenDone(() => store.close());
    const { upload, version, sent } = await uploader(service);
    const verify = (mayLeave?: "parts") => expectHonest(service, store, version, sent, mayLeave);

    describe.each(Object.entries(sizes))("under an upload %s", (_, size) => {
      it.each<[string, Disturbance]>([
        ["in the middle", cutAt("up", size / 2)],
        ["right before its end", cutAt("up", size - 100)],
        ["in the first answer", cutAt("down", 10)],
      ])("is no matter where the connection is cut once, %s", async (_, disturbance) => {
        proxy.disturb(disturbance);
        expect(await upload(randomBytes(size))).toBe(201);
        proxy.disturb(null);
        // Of an upload in parts whose id got lost the collector alone knows.
        await verify("parts");
      });

      it("never passes off a flipped bit as what was sent", async () => {
        for (const offset of [Math.floor(size / 3), size / 2, size - 1]) {
          proxy.disturb(flipAt("up", offset));
          await upload(randomBytes(size));
        }
        proxy.disturb(null);
        await verify();
      });

      it("never has it acknowledged what is not there, wherever a bit flips on the way or back", async () => {
        for (let round = 0; round < 10; round++) {
          proxy.disturb(round % 2 === 0 ? flipAt("up", randomInt(1_500)) : flipAt("down", randomInt(800)));
          await upload(randomBytes(size));
        }
        proxy.disturb(null);
        await verify("parts");
      });

      it("is no matter where it is slow", async () => {
        proxy.disturb(slow(4 * mebibyte));
        expect(await upload(randomBytes(size))).toBe(201);
        proxy.disturb(null);
        await verify();
      });

      it("is 503 within seconds where it is cut for good, and works again by itself", async () => {
        const started = Date.now();
        proxy.disturb((chunk) => {
          proxy.cut();
          return chunk;
        });
        expect(await upload(randomBytes(size))).toBe(503);
        expect(Date.now() - started).toBeLessThan(25_000);
        proxy.disturb(null);
        proxy.open();
        expect(await upload(randomBytes(size))).toBe(201);
        await verify("parts");
      });
    });
  });

describeWithBucket("an S3 server", "versitygw", async ({ config, settings }) => {
  const endpoint = config.endpoint ?? "";
  /** How often a request is answered so, of any kind or of one. */
  let fault = { status: 503, code: "SlowDown", of: /./, times: 0 };
  const proxy = await faultyProxy(new URL(endpoint).host, (incoming, response) => {
    if (fault.times <= 0 || !fault.of.test(`${incoming.method} ${incoming.url}`)) return false;
    fault.times -= 1;
    incoming.resume();
    response.writeHead(fault.status, { "content-type": "application/xml" });
    response.end(`<Error><Code>${fault.code}</Code><Message>try again</Message></Error>`);
    return true;
  });
  const service = await testService({ ...settings, SLIPWAY_S3_ENDPOINT: `http://${proxy.host}` });
  const store = openBlobStore({ dir: "", s3: config, leastFreeBytes: 0 });
  whenDone(() => store.close());
  const { upload, version, sent } = await uploader(service);
  const verify = () => expectHonest(service, store, version, sent);

  describe.each(Object.entries(sizes))("in an upload %s", (_, size) => {
    it.each([
      { status: 503, code: "SlowDown", of: /./, times: 2 },
      { status: 500, code: "InternalError", of: /^PUT/, times: 2 },
      // So does AWS while the first try of the same write is under way.
      {
        status: 409,
        code: "ConditionalRequestConflict",
        of: size > partBytes ? /^POST .*uploadId=/ : /^PUT/,
        times: 2,
      },
    ])("is asked again where it answers $status $code", async (answers) => {
      fault = answers;
      expect(await upload(randomBytes(size))).toBe(201);
      await verify();
    });

    it.each([
      { status: 507, code: "XMinioStorageFull" },
      { status: 403, code: "QuotaExceeded" },
    ])("that has no space left ($code) makes it 507", async (answer) => {
      fault = { ...answer, of: /^PUT/, times: Number.POSITIVE_INFINITY };
      const before = await service.call("GET", `${version}/files`);
      const put = await service.call("PUT", `${version}/files/full.bin`, { bytes: randomBytes(size) });
      fault.times = 0;
      expect([put.status, put.json.type]).toEqual([507, "/problems/store_full"]);
      expect(put.json.detail).toContain("no space left");
      expect((await service.call("GET", `${version}/files`)).json).toEqual(before.json);
      await verify();
    });

    it("that is busy for good makes it 503 within seconds", async () => {
      fault = { status: 503, code: "SlowDown", of: /./, times: Number.POSITIVE_INFINITY };
      const started = Date.now();
      expect(await upload(randomBytes(size))).toBe(503);
      expect(Date.now() - started).toBeLessThan(25_000);
      fault.times = 0;
      await verify();
    });
  });
});
