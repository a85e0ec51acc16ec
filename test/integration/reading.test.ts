import { createHash, randomBytes } from "node:crypto";
import http from "node:http";
import { parse } from "content-disposition";
import { describe, expect, it } from "vitest";
import { digestOf } from "#core/artifacts/digest.ts";
import { replaceStored } from "#test/stored-objects.ts";
import { draftOf, testService } from "#test/test-service.ts";

const service = await testService();
const { call, registry, port } = service;

const reprDigest = (bytes: Buffer | string) => `sha-256=:${createHash("sha256").update(bytes).digest("base64")}:`;
const at = (model: string, path: string) => `/v1/models/${model}/versions/1.0.0/files/${path}`;

/** The status, and what came before the connection ended, in order or not. */
function readCut(path: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number; cut: boolean; bytes: number }>((resolve, reject) => {
    const request = http.get({ host: "127.0.0.1", port, path, headers, timeout: 60_000 }, (response) => {
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.on("error", () => {}); // a cut is what is looked for
      response.on("close", () => resolve({ status: response.statusCode ?? 0, cut: !response.complete, bytes }));
    });
    request.on("timeout", () => request.destroy(new Error("no answer within a minute")));
    request.on("error", reject);
  });
}

describe("a range", () => {
  it("is asked of GET alone, of the file that If-Range names, and carries the digest of the whole", async () => {
    await draftOf(service, "ranges", "1.0.0", { "a.txt": "0123456789" });
    const etag = `"${digestOf("0123456789")}"`;
    const read = (headers: Record<string, string>, method: "GET" | "HEAD" = "GET") =>
      call(method, at("ranges", "a.txt"), { headers });
    const part = await read({ range: "bytes=2-4", "if-range": etag });
    expect([part.status, part.bytes.toString(), part.headers["repr-digest"], part.headers["etag"]]).toEqual([
      206,
      "234",
      reprDigest("0123456789"),
      etag,
    ]);
    for (const other of ['"sha256:0"', `W/${etag}`, "Tue, 24 Nov 2026 10:00:00 GMT"]) {
      const all = await read({ range: "bytes=2-4", "if-range": other });
      expect([all.status, all.bytes.toString()], other).toEqual([200, "0123456789"]);
    }
    const head = await read({ range: "bytes=2-4" }, "HEAD");
    expect([head.status, head.headers["content-length"], head.headers["content-range"]]).toEqual([
      200,
      "10",
      undefined,
    ]);
    expect((await read({ range: "bytes=2-4", "if-none-match": etag })).status).toBe(304);
  });

  it("that cannot be met is answered with a problem that says nothing of the file but its size", async () => {
    await draftOf(service, "no-range", "1.0.0", { "a.txt": "0123456789", "empty.txt": "" });
    for (const [path, range, size] of [
      ["a.txt", "bytes=10-", 10],
      ["a.txt", "bytes=-0", 10],
      ["a.txt", "bytes=0-1, 4-5", 10],
      ["empty.txt", "bytes=0-", 0],
    ] as const) {
      const answer = await call("GET", at("no-range", path), { headers: { range } });
      expect([answer.status, answer.headers["content-range"]], range).toEqual([416, `bytes */${size}`]);
      expect(answer.headers["content-type"]).toContain("application/problem+json");
      for (const name of ["etag", "repr-digest", "content-disposition", "accept-ranges"])
        expect(answer.headers[name], name).toBeUndefined();
    }
  });
});

describe("a download's name", () => {
  it.each([
    "model.pkl",
    'a "quoted" name; filename=evil.exe',
    "données.pkl",
    "日本語 %41.bin",
    "'; filename*=UTF-8''evil.exe",
    "100%.txt",
  ])("is the file's own, whatever it holds: %s", async (name) => {
    const model = `named-${createHash("sha256").update(name).digest("hex").slice(0, 8)}`;
    const path = `folder/${encodeURIComponent(name)}`;
    await draftOf(service, model, "1.0.0", { [path]: "x" });
    const { headers } = await call("GET", at(model, path));
    const header = String(headers["content-disposition"]);
    const { type, parameters } = parse(header);
    expect([type, parameters["filename"]]).toEqual(["attachment", name]);
    expect(header).toMatch(
      /^attachment; filename=(?:"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\.)*"|[\w!#$%&+.^`|~-]+)(?:; filename\*=UTF-8''[\w!#$&+.^`|~%-]+)?$/,
    );
  });
});

describe("bytes that changed in the store", () => {
  const damage = async (digest: string, change: (bytes: Buffer) => Buffer, bytes: Buffer) => {
    const { key } = await registry.db.blob.findUniqueOrThrow({ where: { digest } });
    await replaceStored(registry, key, change(bytes));
  };
  const flipped = (bytes: Buffer) => {
    const wrong = Buffer.from(bytes);
    wrong.writeUInt8(wrong.readUInt8(5) ^ 1, 5);
    return wrong;
  };

  it("are never read as if they were right: the answer is cut off", async () => {
    const bytes = randomBytes(5_000_000);
    await draftOf(service, "flipped", "1.0.0", { "a.bin": bytes });
    await damage(digestOf(bytes), flipped, bytes);
    const read = await readCut(at("flipped", "a.bin"));
    expect([read.status, read.cut]).toEqual([200, true]);
    expect(read.bytes).toBeLessThan(bytes.length);
    const packed = await readCut("/v1/models/flipped/versions/1.0.0/package?format=zip");
    expect([packed.status, packed.cut]).toEqual([200, true]);
  });

  it("and fit one chunk are answered with 500, which is not taken for the file", async () => {
    const bytes = randomBytes(1_000);
    await draftOf(service, "small-flipped", "1.0.0", { "a.bin": bytes });
    await damage(digestOf(bytes), flipped, bytes);
    const { status, headers, json } = await call("GET", at("small-flipped", "a.bin"));
    expect([status, json.type]).toEqual([500, "/problems/internal"]);
    for (const name of ["etag", "repr-digest", "content-disposition"]) expect(headers[name], name).toBeUndefined();
  });

  it("are mended by whoever sends them after they were read", async () => {
    const bytes = randomBytes(1_000);
    await draftOf(service, "mended", "1.0.0", { "a.bin": bytes });
    await damage(digestOf(bytes), flipped, bytes);
    expect((await call("GET", at("mended", "a.bin"))).status).toBe(500);
    await expect.poll(() => registry.db.blob.count({ where: { digest: digestOf(bytes), damagedAt: null } })).toBe(0);
    await draftOf(service, "mending", "1.0.0", { "b.bin": bytes });
    const read = await call("GET", at("mended", "a.bin"));
    expect([read.status, read.bytes.equals(bytes)]).toEqual([200, true]);
  });

  it("or are fewer end the answer, also of a range, in place of letting its reader wait", async () => {
    const bytes = randomBytes(3_000_000);
    await draftOf(service, "shortened", "1.0.0", { "a.bin": bytes });
    await damage(digestOf(bytes), (whole) => whole.subarray(0, 2_000_000), bytes);
    expect(await readCut(at("shortened", "a.bin"))).toMatchObject({ status: 200, cut: true });
    const range = { range: "bytes=100-2500000" };
    expect(await readCut(at("shortened", "a.bin"), range)).toMatchObject({ status: 206, cut: true });
    const inside = await call("GET", at("shortened", "a.bin"), { headers: { range: "bytes=100-199" } });
    expect([inside.status, inside.bytes.equals(bytes.subarray(100, 200))]).toEqual([206, true]);
  });
});
