import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import http from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type PreviousUpload, Upload, type UploadOptions, type UrlStorage } from "tus-js-client";
import { describe, expect, it } from "vitest";
import type { BlobKey } from "#core/artifacts/blob-store.ts";
import { digestOf } from "#core/artifacts/digest.ts";
import { SlipwayError } from "#core/errors.ts";
import { pythonOfTests } from "#standalone/setup/python-tests.mjs";
import { apiProcess, workerProcess } from "#test/service-processes.ts";
import { storedObjects } from "#test/stored-objects.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";

const service = await testService();
const { call, registry, port } = service;
const { db } = registry;
const mebibyte = 1024 ** 2;
const base64 = (text: string | Buffer) => Buffer.from(text).toString("base64");
const tus = { "tus-resumable": "1.0.0" };
const bytesType = { "content-type": "application/offset+octet-stream" };

let models = 0;
async function draft(): Promise<{ model: string; at: string; file: (path?: string) => string }> {
  models += 1;
  const model = `r${models}`;
  await draftOf(service, model, "1.0.0");
  const version = `/v1/models/${model}/versions/1.0.0`;
  return { model, at: `${version}/resumable`, file: (path = "a.bin") => `${version}/files/${path}` };
}

async function create(at: string, sizeBytes: number, metadata = `path ${base64("a.bin")}`): Promise<string> {
  const headers = { ...tus, "upload-length": String(sizeBytes), "upload-metadata": metadata };
  const answer = await call("POST", at, { headers });
  expect([answer.status, answer.json?.detail]).toEqual([201, undefined]);
  return String(answer.headers["location"]);
}

const append = (url: string, offset: number, bytes: Buffer, headers: Record<string, string> = {}, other = port) =>
  call("PATCH", url, {
    bytes,
    port: other,
    headers: { ...tus, ...bytesType, "upload-offset": String(offset), ...headers },
  });

async function offsetOf(url: string, other = port): Promise<number> {
  const answer = await call("HEAD", url, { headers: tus, port: other });
  expect(answer.status).toBe(200);
  return Number(answer.headers["upload-offset"]);
}

/** Sends a beginning of a longer body, and goes away. */
function beginAndLeave(url: string, offset: number, announced: number, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const headers = { ...tus, ...bytesType, "upload-offset": offset, "content-length": announced };
    const request = http.request({ host: "127.0.0.1", port, method: "PATCH", path: url, headers });
    request.on("error", () => {});
    request.write(bytes, () => setTimeout(() => resolve(void request.destroy()), 100));
  });
}

/** A client that nobody has changed. */
function send(at: string, bytes: Buffer, options: Partial<UploadOptions> = {}, other = port): Promise<Upload> {
  return new Promise((resolve, reject) => {
    const upload = new Upload(bytes, {
      endpoint: `http://127.0.0.1:${other}${at}`,
      metadata: { path: "a.bin" },
      retryDelays: [0, 100, 300, 1_000, 3_000, 5_000, 10_000],
      onSuccess: () => resolve(upload),
      onError: reject,
      ...options,
    });
    upload.start();
  });
}

async function expectFile(path: string, bytes: Buffer): Promise<void> {
  const read = await call("GET", path);
  expect([read.status, digestOf(read.bytes)]).toEqual([200, digestOf(bytes)]);
}

/** What rows name, open uploads among them, and nothing else. */
async function expectClean(): Promise<void> {
  const named = async () => [
    ...(await db.blob.findMany()).map(({ key }) => key),
    ...(await db.upload.findMany({ where: { state: "open" } })).flatMap(({ key, tailKey }) => [key, tailKey ?? key]),
  ];
  await waitUntil("the store holds what rows name alone", async () => {
    const keys = await named();
    return (await storedObjects(registry)).every((name) => keys.some((key) => name.startsWith(key)));
  });
}

describe("a resumable upload", () => {
  it.each([0, 1, 8 * mebibyte - 1, 8 * mebibyte, 8 * mebibyte + 1, 20 * mebibyte + 3])(
    "of %i bytes in one request is a file with the last byte",
    async (size) => {
      const { at, file } = await draft();
      const bytes = randomBytes(size);
      await send(at, bytes);
      await expectFile(file(), bytes);
      await expectClean();
    },
  );

  it("comes in pieces of any size", async () => {
    const { at, file } = await draft();
    const bytes = randomBytes(17 * mebibyte + 11);
    await send(at, bytes, { chunkSize: 3 * mebibyte + 7 });
    await expectFile(file(), bytes);
    await expectClean();
  });

  it("begins with the request that makes it", async () => {
    const { at, file } = await draft();
    const bytes = randomBytes(mebibyte);
    await send(at, bytes, { uploadDataDuringCreation: true });
    await expectFile(file(), bytes);
  });

  it("keeps what came of a request that was cut off", async () => {
    const { at, file } = await draft();
    const bytes = randomBytes(10 * mebibyte);
    const url = await create(at, bytes.length);
    await beginAndLeave(url, 0, bytes.length, bytes.subarray(0, 9 * mebibyte));
    const offset = await waitUntil("it is saved", async () => (await offsetOf(url)) || null);
    expect(offset).toBeGreaterThan(0);
    expect((await append(url, offset, bytes.subarray(offset))).status).toBe(204);
    await expectFile(file(), bytes);
    await expectClean();
  });

  it("is refused a second writer, and frees itself of one that its client has left behind", async () => {
    const { at, file } = await draft();
    const bytes = randomBytes(2 * mebibyte);
    const url = await create(at, bytes.length);
    const headers = { ...tus, ...bytesType, "upload-offset": 0, "content-length": bytes.length };
    const hanging = http.request({ host: "127.0.0.1", port, method: "PATCH", path: url, headers });
    hanging.on("error", () => {});
    hanging.write(bytes.subarray(0, mebibyte));
    await waitUntil(
      "it is held",
      async () => (await db.upload.findFirst({ where: { heldBy: { not: null } } })) !== null,
    );
    const second = await append(url, 0, bytes);
    expect([second.status, second.json.type, second.headers["retry-after"]]).toEqual([
      423,
      "/problems/upload_busy",
      "2",
    ]);
    await expect.poll(() => offsetOf(url)).toBe(mebibyte);
    // It may not have let go yet.
    const goesOn = async () => (await append(url, mebibyte, bytes.subarray(mebibyte))).status === 204;
    await waitUntil("it is free", goesOn);
    await expectFile(file(), bytes);
    hanging.destroy();
  });

  it("goes on after the API was killed, from what was on record", async () => {
    const { at, file } = await draft();
    const bytes = randomBytes(40 * mebibyte);
    const { process, port: other } = await apiProcess(service);
    const url = await create(at, bytes.length);
    const headers = { ...tus, ...bytesType, "upload-offset": 0, "content-length": bytes.length };
    const request = http.request({ host: "127.0.0.1", port: other, method: "PATCH", path: url, headers });
    request.on("error", () => {});
    const sent = 27 * mebibyte;
    request.write(bytes.subarray(0, sent));
    const id = url.split("/").at(-1) ?? "";
    const received = async () => Number((await db.upload.findUniqueOrThrow({ where: { id } })).receivedBytes);
    await waitUntil("three parts are durable", async () => (await received()) >= 24 * mebibyte);
    await process.stop(0);
    const offset = await offsetOf(url);
    expect(sent - offset).toBeLessThanOrEqual(8 * mebibyte);
    await workerProcess(service);
    const going = async () => (await append(url, offset, bytes.subarray(offset))).status;
    // The hold of the one that was killed ends by itself.
    await waitUntil("it is taken", async () => (await going()) === 204, { everyMs: 1_000 });
    await waitUntil("it is verified", async () => (await call("GET", file())).status === 200);
    await expectFile(file(), bytes);
    await expectClean();
  });

  it("has parts on their way to the store at once, and on record in their order", async () => {
    const { at, file } = await draft();
    const bytes = randomBytes(30 * mebibyte);
    const url = await create(at, bytes.length);
    const { parts } = registry.blobs;
    const { put } = parts;
    const id = url.split("/").at(-1) ?? "";
    const done = new Set<number>();
    let before: number | undefined;
    parts.put = async (key, storeId, part) => {
      if (part.number === 1) {
        await waitUntil("the two after it are stored", async () => done.has(2) && done.has(3));
        before = Number((await db.upload.findUniqueOrThrow({ where: { id } })).receivedBytes);
      }
      const stored = await put(key, storeId, part);
      done.add(part.number);
      return stored;
    };
    const answer = await append(url, 0, bytes);
    parts.put = put;
    expect([answer.status, before]).toEqual([204, 0]);
    await expectFile(file(), bytes);
  });

  it("goes on from before a part that the store did not take, though it has the next one", async () => {
    const { at, file } = await draft();
    const bytes = randomBytes(30 * mebibyte);
    const url = await create(at, bytes.length);
    const { parts } = registry.blobs;
    const { put } = parts;
    let third: Promise<unknown> | undefined;
    parts.put = async (key, id, part) => {
      if (part.number === 2) {
        await waitUntil("the next one is stored", async () => third !== undefined && (await third) !== null);
        throw new SlipwayError("store_full", "no room for it");
      }
      const stored = put(key, id, part);
      if (part.number === 3) third = stored;
      return stored;
    };
    const refused = await append(url, 0, bytes);
    parts.put = put;
    expect([refused.status, refused.json?.type]).toEqual([507, "/problems/store_full"]);
    expect(await offsetOf(url)).toBe(8 * mebibyte);
    expect((await append(url, 8 * mebibyte, bytes.subarray(8 * mebibyte))).status).toBe(204);
    await workerProcess(service);
    await waitUntil("it is there", async () => (await call("GET", file())).status === 200);
    await expectFile(file(), bytes);
    await expectClean();
  });

  it("is gone on with by an unmodified client on another API", async () => {
    const { at, file } = await draft();
    const bytes = randomBytes(30 * mebibyte);
    const kept = new Map<string, PreviousUpload>();
    const urlStorage: UrlStorage = {
      findAllUploads: async () => [...kept.values()],
      findUploadsByFingerprint: async () => [...kept.values()],
      removeUpload: async (key) => void kept.delete(key),
      addUpload: async (fingerprint, upload) => {
        kept.set(fingerprint, upload);
        return fingerprint;
      },
    };
    const fingerprint = async () => "the-file";
    await new Promise<void>((resolve, reject) => {
      const first = new Upload(bytes, {
        endpoint: `http://127.0.0.1:${port}${at}`,
        metadata: { path: "a.bin" },
        chunkSize: 5 * mebibyte,
        urlStorage,
        fingerprint,
        retryDelays: [0, 1_000, 3_000, 5_000],
        onChunkComplete: (_size, accepted) => {
          if (accepted >= 15 * mebibyte) void first.abort().then(resolve);
        },
        onError: reject,
      });
      first.start();
    });
    const { port: other } = await apiProcess(service);
    await workerProcess(service);
    const [previous] = await urlStorage.findAllUploads();
    if (previous === undefined) throw new Error("the client kept nothing");
    const url = previous.uploadUrl?.replace(`:${port}/`, `:${other}/`) ?? null;
    let sent = 0;
    await new Promise<void>((resolve, reject) => {
      const second = new Upload(bytes, {
        endpoint: `http://127.0.0.1:${other}${at}`,
        retryDelays: [0, 1_000, 3_000, 5_000, 10_000],
        onProgress: (at) => {
          sent = Math.max(sent, at);
        },
        onSuccess: () => resolve(),
        onError: reject,
      });
      second.resumeFromPreviousUpload({ ...previous, uploadUrl: url });
      second.start();
    });
    expect(sent).toBe(bytes.length);
    await waitUntil("it is verified", async () => (await call("GET", file())).status === 200);
    await expectFile(file(), bytes);
  });
});

it("tuspy begins an upload, and goes on with it from another process", async () => {
  const { at, file } = await draft();
  const bytes = randomBytes(12 * mebibyte + 5);
  const folder = temporaryFolder();
  const [program, path] = [join(folder, "send.py"), join(folder, "a.bin")];
  await writeFile(path, bytes);
  // As its README shows it; the first time it is left in the middle.
  await writeFile(
    program,
    `import sys
from tusclient import client
endpoint, path, url, stop = sys.argv[1:]
uploader = client.TusClient(endpoint).uploader(
    path, chunk_size=5 * 1024 * 1024, metadata={"path": "a.bin"}, retries=5, retry_delay=1, url=url or None)
uploader.upload(stop_at=int(stop) if stop else None)
print(uploader.url, uploader.offset)
`,
  );
  const run = async (url: string, stop: string) =>
    (
      await promisify(execFile)(pythonOfTests, [program, `http://127.0.0.1:${port}${at}`, path, url, stop])
    ).stdout.split(/\s/);
  const [url = "", offset] = await run("", String(10 * mebibyte));
  expect(Number(offset)).toBe(10 * mebibyte);
  expect(await offsetOf(new URL(url).pathname)).toBe(10 * mebibyte);
  expect((await run(url, ""))[1]).toBe(String(bytes.length));
  await workerProcess(service);
  await waitUntil("it is there", async () => (await call("GET", file())).status === 200);
  await expectFile(file(), bytes);
  await expectClean();
});

describe("what is refused", () => {
  it("bytes that are not the announced ones become no file", async () => {
    const { at, file } = await draft();
    const bytes = randomBytes(1_000);
    const url = await create(at, 1_000, `path ${base64("a.bin")},digest ${base64(digestOf("others"))}`);
    const answer = await append(url, 0, bytes);
    expect([answer.status, answer.json.type]).toEqual([422, "/problems/digest_mismatch"]);
    expect((await call("GET", file())).status).toBe(404);
    expect((await call("HEAD", url, { headers: tus })).status).toBe(410);
    await expectClean();
  });

  it("a request with another checksum leaves the upload where it was", async () => {
    const { at, file } = await draft();
    const bytes = randomBytes(18 * mebibyte);
    const url = await create(at, bytes.length);
    const half = bytes.subarray(0, 10 * mebibyte);
    expect((await append(url, 0, half)).status).toBe(204);
    const rest = bytes.subarray(half.length);
    const wrong = { "upload-checksum": `sha256 ${base64(createHash("sha256").update("x").digest())}` };
    const refused = await append(url, half.length, Buffer.alloc(rest.length), wrong);
    expect([refused.status, refused.json.type]).toEqual([460, "/problems/checksum_mismatch"]);
    expect(await offsetOf(url)).toBe(half.length);
    const right = { "upload-checksum": `sha1 ${base64(createHash("sha1").update(rest).digest())}` };
    expect((await append(url, half.length, rest, right)).status).toBe(204);
    await workerProcess(service);
    await waitUntil("it is there", async () => (await call("GET", file())).status === 200);
    await expectFile(file(), bytes);
    await expectClean();
  });

  it("is said as a problem, in words that help", async () => {
    const { at } = await draft();
    const url = await create(at, 10);
    const post = (headers: Record<string, string>) => call("POST", at, { headers });
    const answers = {
      "no path": await post({ ...tus, "upload-length": "1" }),
      "a path that is none": await post({ ...tus, "upload-length": "1", "upload-metadata": `path ${base64("../x")}` }),
      "no length": await post({ ...tus, "upload-metadata": `path ${base64("b.bin")}` }),
      "a length that comes later": await post({
        ...tus,
        "upload-defer-length": "1",
        "upload-metadata": `path ${base64("b.bin")}`,
      }),
      "no version of the protocol": await call("POST", at, { headers: { "upload-length": "1" } }),
      "another version of the protocol": await post({ "tus-resumable": "0.2.2", "upload-length": "1" }),
      "another offset": await append(url, 5, Buffer.from("12345")),
      "more than announced": await append(url, 0, Buffer.alloc(11)),
      "a checksum of another kind": await append(url, 0, Buffer.from("1"), { "upload-checksum": "crc32 AAAA" }),
      "no such upload": await append(`${at}/00000000-0000-7000-8000-000000000000`, 0, Buffer.from("1")),
      "another type": await append(url, 0, Buffer.from("1"), { "content-type": "application/octet-stream" }),
    };
    const statuses = Object.entries(answers).map(([what, { status, headers }]) => [
      what,
      status,
      headers["content-type"],
    ]);
    const problem = "application/problem+json";
    expect(statuses.map(([what, status, type]) => [what, status, String(type).split(";")[0]])).toEqual([
      ["no path", 400, problem],
      ["a path that is none", 422, problem],
      ["no length", 400, problem],
      ["a length that comes later", 400, problem],
      ["no version of the protocol", 412, problem],
      ["another version of the protocol", 412, problem],
      ["another offset", 409, problem],
      ["more than announced", 413, problem],
      ["a checksum of another kind", 400, problem],
      ["no such upload", 404, problem],
      ["another type", 400, problem],
    ]);
    expect(answers["no version of the protocol"].headers["tus-version"]).toBe("1.0.0");
    expect(answers["another offset"].json.type).toBe("/problems/upload_conflict");
    expect(answers["more than announced"].json.type).toBe("/problems/file_too_large");
    expect(await offsetOf(url)).toBe(0);
  });

  it("a part that is late never comes over the bytes of the next request", async () => {
    const { at, file } = await draft();
    const bytes = randomBytes(8 * mebibyte);
    const url = await create(at, bytes.length);
    // As a disk that is slow: the real one cannot be asked to be.
    const { parts } = registry.blobs;
    const { put } = parts;
    let slow = true;
    parts.put = async (...part) => {
      if (slow) await sleep(1_000);
      return put(...part);
    };
    const wrong = { "upload-checksum": `sha256 ${base64(createHash("sha256").update("x").digest())}` };
    expect((await append(url, 0, Buffer.alloc(bytes.length, "X"), wrong)).status).toBe(460);
    slow = false;
    parts.put = put;
    expect((await append(url, 0, bytes)).status).toBe(204);
    await sleep(1_500);
    await expectFile(file(), bytes);
  });

  it("a tail that is not read back as it was is sent again", async () => {
    const { at, file } = await draft();
    const bytes = randomBytes(9 * mebibyte);
    const url = await create(at, bytes.length);
    const begun = bytes.length - 10;
    for (const damage of ["gone", "another"]) {
      const from = await offsetOf(url);
      expect((await append(url, from, bytes.subarray(from, begun))).status).toBe(204);
      const { tailKey } = await db.upload.findUniqueOrThrow({ where: { id: url.split("/").at(-1) ?? "" } });
      const { blobs } = registry;
      await blobs.remove(tailKey as BlobKey);
      if (damage === "another") await blobs.put(tailKey as BlobKey, Readable.from([Buffer.alloc(mebibyte - 10)]));
      const answer = await append(url, begun, bytes.subarray(begun));
      expect([answer.status, answer.json?.type]).toEqual([409, "/problems/upload_conflict"]);
      expect(await offsetOf(url)).toBe(8 * mebibyte);
    }
    expect((await append(url, 8 * mebibyte, bytes.subarray(8 * mebibyte))).status).toBe(204);
    await workerProcess(service);
    await waitUntil("it is there", async () => (await call("GET", file())).status === 200);
    await expectFile(file(), bytes);
    await expectClean();
  });

  it("nothing more once it has expired, though it is still there", async () => {
    const { at, file } = await draft();
    const url = await create(at, 20 * mebibyte);
    expect((await append(url, 0, randomBytes(10 * mebibyte))).status).toBe(204);
    const id = url.split("/").at(-1) ?? "";
    const ago = (days: number) => new Date(Date.now() - days * 86_400_000);
    await db.upload.update({ where: { id }, data: { createdAt: ago(8), expiresAt: ago(1) } });
    expect((await call("HEAD", url, { headers: tus })).status).toBe(410);
    expect((await append(url, 10 * mebibyte, randomBytes(10 * mebibyte))).status).toBe(410);
    expect((await call("GET", file())).status).toBe(404);
    expect(await db.upload.findUniqueOrThrow({ where: { id } })).toMatchObject({ state: "open" });
    expect((await call("DELETE", url, { headers: tus })).status).toBe(204);
    await expectClean();
  });

  it("nothing more once it was ended", async () => {
    const { at } = await draft();
    const url = await create(at, 20 * mebibyte);
    expect((await append(url, 0, randomBytes(10 * mebibyte))).status).toBe(204);
    expect((await call("DELETE", url, { headers: tus })).status).toBe(204);
    expect((await call("HEAD", url, { headers: tus })).status).toBe(410);
    expect((await append(url, 10 * mebibyte, Buffer.from("1"))).status).toBe(410);
    await expectClean();
  });
});

it("says what of the protocol it serves, and until when an upload lives", async () => {
  const { at } = await draft();
  const options = await call("OPTIONS", at);
  expect([options.status, options.headers["tus-version"], options.headers["tus-extension"]]).toEqual([
    204,
    "1.0.0",
    "creation,creation-with-upload,expiration,termination,checksum",
  ]);
  expect(options.headers["tus-checksum-algorithm"]).toBe("sha256,sha1,md5");
  expect(options.headers["access-control-allow-origin"]).toBeUndefined();
  const made = await call("POST", at, {
    headers: { ...tus, "upload-length": "5", "upload-metadata": `filename ${base64("b.bin")}` },
  });
  const days = (Date.parse(String(made.headers["upload-expires"])) - Date.now()) / 86_400_000;
  expect(days).toBeGreaterThan(6.9);
  expect(days).toBeLessThan(7.1);
});
