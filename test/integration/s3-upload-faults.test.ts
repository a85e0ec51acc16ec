import { createHash, randomBytes, randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { digestOf } from "#core/artifacts/digest.ts";
import { openBlobStore } from "#core/artifacts/open-blob-store.ts";
import { directUploads, partsOf, sendPart } from "#test/direct-upload.ts";
import { cutAt, flipAt, slow } from "#test/disturbances.ts";
import { expectHonest, type Sent } from "#test/honest-store.ts";
import type { S3ServerName } from "#test/s3-servers.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { type Disturbance, tcpProxy } from "#test/tcp-proxy.ts";
import { describeWithBucket } from "#test/test-bucket.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";

const mebibyte = 1024 ** 2;
const tus = { "tus-resumable": "1.0.0" };
const base64 = (text: string) => Buffer.from(text).toString("base64");

/** What a client may hear of a part that is not as it should be; it then asks how far it is, and goes on. */
const passing = [409, 423, 503];

for (const server of ["versitygw", "minio"] as const satisfies S3ServerName[])
  describeWithBucket(
    `an upload over more than one request, with a bad network to ${server}`,
    server,
    async (bucket) => {
      const endpoint = bucket.config.endpoint ?? "";
      const proxy = await tcpProxy(endpoint);
      const service = await testService({ ...bucket.settings, SLIPWAY_S3_ENDPOINT: proxy.urlOf(endpoint) });
      const { call, registry } = service;
      const store = openBlobStore({ dir: "", s3: bucket.config, leastFreeBytes: 0 });
      whenDone(() => store.close());
      testWorker(registry, smallImageBuilder());
      await draftOf(service, "model", "1.0.0");
      const version = "/v1/models/model/versions/1.0.0";
      const sent: Sent = { acknowledged: new Map(), unanswered: new Set() };
      const newPath = () => `${randomBytes(6).toString("hex")}.bin`;

      const verified = (path: string) =>
        waitUntil("it is verified", async () => {
          const answer = await call("GET", `${version}/files/${path}`);
          return answer.status === 409 ? null : answer;
        });

      async function expectStored(path: string, bytes: Buffer): Promise<void> {
        const read = await verified(path);
        expect([read.status, digestOf(read.bytes)]).toEqual([200, digestOf(bytes)]);
        sent.acknowledged.set(path, createHash("sha256").update(bytes).digest("hex"));
      }

      const expectAllHonest = () => expectHonest(service, store, version, sent, "parts and objects");

      /** As tus clients do: asks how far it is, and sends the rest, until all is there. */
      async function resume(bytes: Buffer, disturbance: () => Disturbance | null): Promise<string> {
        const path = newPath();
        const headers = { ...tus, "upload-length": String(bytes.length), "upload-metadata": `path ${base64(path)}` };
        const made = await call("POST", `${version}/resumable`, { headers });
        expect(made.status).toBe(201);
        const url = String(made.headers["location"]);
        for (let tries = 1; tries <= 8; tries += 1) {
          proxy.disturb(tries < 4 ? disturbance() : null);
          const stands = await call("HEAD", url, { headers: tus });
          if (stands.status === 200) {
            const offset = Number(stands.headers["upload-offset"]);
            const type = { ...tus, "content-type": "application/offset+octet-stream", "upload-offset": String(offset) };
            const answer = await call("PATCH", url, { headers: type, bytes: bytes.subarray(offset) });
            if (answer.status === 204) break;
            expect(passing).toContain(answer.status);
          } else expect(passing).toContain(stands.status);
          await sleep(500);
        }
        proxy.disturb(null);
        return path;
      }

      describe("by tus", () => {
        const size = 10 * mebibyte + 5;

        it.each<[string, () => Disturbance]>([
          ["is cut in the middle", () => cutAt("up", 5 * mebibyte)],
          ["is cut at the end", () => cutAt("up", size - 100)],
          ["is cut in an answer", () => cutAt("down", 10)],
          ["flips a bit of the body", () => flipAt("up", 3 * mebibyte + randomInt(mebibyte))],
          ["flips a bit of a request's head", () => flipAt("up", randomInt(1_500))],
          ["flips a bit of an answer", () => flipAt("down", randomInt(800))],
          ["is slow", () => slow(10 * mebibyte)],
        ])("becomes the file that was sent, where it %s", async (_, disturbance) => {
          const bytes = randomBytes(size);
          const path = await resume(bytes, disturbance);
          // A part that an answer names wrongly is not taken for the one that was sent: the upload has failed, and is sent again.
          const again = (await verified(path)).status === 404 ? await resume(bytes, () => null) : path;
          await expectStored(again, bytes);
        });

        it("is 503 within seconds where it is cut for good, and goes on by itself", async () => {
          const bytes = randomBytes(size);
          const started = Date.now();
          const path = await resume(bytes, () => (chunk) => {
            proxy.cut();
            setTimeout(() => proxy.open(), 3_000);
            return chunk;
          });
          expect(Date.now() - started).toBeLessThan(60_000);
          await expectStored(path, bytes);
          await expectAllHonest();
        });
      });

      describe("direct", () => {
        const size = 16 * mebibyte + 1_000;
        const uploads = directUploads(service, "model", "1.0.0");

        it.each<[string, Disturbance]>([
          ["is cut in a request", cutAt("up", 200)],
          ["is cut in an answer", cutAt("down", 10)],
          ["is cut in the second answer", cutAt("down", 1_200)],
          ["flips a bit of a request", flipAt("up", randomInt(1_500))],
          ["flips a bit of an answer", flipAt("down", randomInt(800))],
          ["is slow", slow(10_000)],
        ])("is completed, and is the file that was sent, where it %s meanwhile", async (_, disturbance) => {
          const [path, bytes] = [newPath(), randomBytes(size)];
          const upload = await uploads.start(path, bytes);
          await uploads.send(upload, bytes);
          proxy.disturb(disturbance);
          const first = await uploads.complete(upload.id);
          expect([202, ...passing]).toContain(first.status);
          proxy.disturb(null);
          expect((await uploads.complete(upload.id)).status).toBe(202);
          await expectStored(path, bytes);
        });

        it("is not begun, or is, where it fails as it is begun", async () => {
          const json = { path: newPath(), sizeBytes: 10, digest: digestOf("0123456789") };
          for (const disturbance of [cutAt("up", 100), cutAt("down", 10), flipAt("up", 300), flipAt("down", 300)]) {
            proxy.disturb(disturbance);
            const answer = await call("POST", uploads.at, { json });
            proxy.disturb(null);
            expect([201, 503]).toContain(answer.status);
            if (answer.status === 201)
              expect((await call("DELETE", `${uploads.at}/${answer.json.id}`)).status).toBe(204);
          }
        });

        it("has every part refused by the store that is not what was signed", async () => {
          const [path, bytes] = [newPath(), randomBytes(size)];
          const upload = await uploads.start(path, bytes);
          const parts = partsOf(bytes, upload).map((part, index) => ({ number: index + 1, bytes: part }));
          const signed = await uploads.sign(upload.id, parts);
          for (const part of signed) {
            const body = parts[part.number - 1]?.bytes ?? Buffer.alloc(0);
            proxy.disturb(flipAt("up", 900 + randomInt(100)));
            expect(await sendPart(part, body)).not.toBe(200);
            proxy.disturb(cutAt("up", 900));
            expect(await sendPart(part, body)).not.toBe(200);
            proxy.disturb(null);
            expect((await uploads.read(upload.id)).parts).toHaveLength(part.number - 1);
            expect(await sendPart(part, body)).toBe(200);
          }
          expect((await uploads.complete(upload.id)).status).toBe(202);
          await expectStored(path, bytes);
        });

        it("is never taken for verified where a bit flips while it is read", async () => {
          const [path, bytes] = [newPath(), randomBytes(size)];
          const upload = await uploads.start(path, bytes);
          await uploads.send(upload, bytes);
          let read = 0;
          const flip = flipAt("down", 5 * mebibyte);
          proxy.disturb((chunk, way) => {
            if (way === "down") read += chunk.length;
            return flip(chunk, way);
          });
          expect((await uploads.complete(upload.id)).status).toBe(202);
          const ended = await waitUntil("it is read", async () => {
            const { status, error } = await uploads.read(upload.id);
            return status === "verifying" ? null : { status, error };
          });
          proxy.disturb(null);
          expect(read).toBeGreaterThan(size);
          expect(ended).toMatchObject({ status: "failed", error: { code: "digest_mismatch" } });
          expect((await call("GET", `${version}/files/${path}`)).status).toBe(404);
        });

        it("is verified all the same where the reading is cut off", async () => {
          const [path, bytes] = [newPath(), randomBytes(size)];
          const upload = await uploads.start(path, bytes);
          await uploads.send(upload, bytes);
          proxy.disturb(cutAt("down", 5 * mebibyte));
          expect((await uploads.complete(upload.id)).status).toBe(202);
          await waitUntil("it is read", async () => (await uploads.read(upload.id)).status === "stored");
          proxy.disturb(null);
          await expectStored(path, bytes);
          await expectAllHonest();
        });
      });
    },
  );
