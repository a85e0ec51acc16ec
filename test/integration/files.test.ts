import { createHash, randomBytes } from "node:crypto";
import { connect } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSlipwayError } from "#core/errors.ts";
import { type FilePath, foldPath } from "#core/models/file-path.ts";
import { requirePlaces } from "#core/models/file-rows.ts";
import { findClash } from "#core/models/path-clashes.ts";
import { findDraft } from "#core/models/version.ts";
import { patiently } from "#test/patiently.ts";
import { storedObjects } from "#test/stored-objects.ts";
import { draftOf, testService } from "#test/test-service.ts";

const service = await testService();
const { call, registry } = service;

const contentDigest = (bytes: Buffer | string) => `sha-256=:${createHash("sha256").update(bytes).digest("base64")}:`;
const digest = (bytes: Buffer | string) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

describe("files", () => {
  it("keeps a file as it was sent, under its digest", async () => {
    await draftOf(service, "kept", "1.0.0");
    const bytes = randomBytes(300_000);
    const put = await call("PUT", "/v1/models/kept/versions/1.0.0/files/model/model.bin", {
      bytes,
      headers: { "content-digest": contentDigest(bytes), "content-type": "application/octet-stream" },
    });
    expect(put.status).toBe(201);
    expect(put.json).toEqual({ path: "model/model.bin", digest: digest(bytes), sizeBytes: 300_000, status: "stored" });
    expect(put.headers["repr-digest"]).toBe(contentDigest(bytes));
    const read = await call("GET", "/v1/models/kept/versions/1.0.0/files/model/model.bin");
    expect(read.status).toBe(200);
    expect(read.bytes.equals(bytes)).toBe(true);
    expect(read.headers).toMatchObject({
      "content-type": "application/octet-stream",
      "content-disposition": "attachment; filename=model.bin",
      "x-content-type-options": "nosniff",
      "repr-digest": contentDigest(bytes),
      "content-length": "300000",
    });
    const version = await call("GET", "/v1/models/kept/versions/1.0.0");
    expect(version.json).toMatchObject({ fileCount: 1, sizeBytes: 300_000 });
  });

  it("takes an empty file, and one without a content type", async () => {
    await draftOf(service, "empty", "1.0.0", { "src/__init__.py": "" });
    const read = await call("GET", "/v1/models/empty/versions/1.0.0/files/src/__init__.py");
    expect(read.status).toBe(200);
    expect(read.bytes).toHaveLength(0);
  });

  it("keeps nothing of an upload whose digest does not match", async () => {
    await draftOf(service, "lied", "1.0.0");
    const before = await storedObjects(registry);
    const put = await call("PUT", "/v1/models/lied/versions/1.0.0/files/a.bin", {
      bytes: "these bytes",
      headers: { "content-digest": contentDigest("other bytes") },
    });
    expect(put.status).toBe(422);
    expect(put.json.type).toBe("/problems/digest_mismatch");
    expect(put.json.detail).toContain(digest("these bytes"));
    expect(await storedObjects(registry)).toEqual(before);
    expect((await call("GET", "/v1/models/lied/versions/1.0.0/files/a.bin")).status).toBe(404);
  });

  it("refuses a Content-Digest that is none", async () => {
    await draftOf(service, "odd-digest", "1.0.0");
    for (const header of ["sha-256=abc", "sha-256=:YWJj:", "%%%"]) {
      const url = "/v1/models/odd-digest/versions/1.0.0/files/a";
      const put = await call("PUT", url, { bytes: "a", headers: { "content-digest": header } });
      expect(put.status, header).toBe(400);
    }
    const other = await call("PUT", "/v1/models/odd-digest/versions/1.0.0/files/a", {
      bytes: "a",
      headers: { "content-digest": "sha-512=:YWJj:" },
    });
    expect(other.status).toBe(201);
  });

  it("stores the same bytes once", async () => {
    const bytes = randomBytes(1_000);
    await draftOf(service, "once", "1.0.0", { a: bytes, b: bytes });
    await draftOf(service, "once", "1.1.0", { c: bytes });
    const blobs = await registry.db.blob.findMany({ where: { digest: digest(bytes) } });
    expect(blobs).toHaveLength(1);
    const rows = await registry.db.blob.findMany({ select: { key: true } });
    // What is stored twice goes after the answer.
    await expect.poll(async () => (await storedObjects(registry)).sort()).toEqual(rows.map((row) => row.key).sort());
  });

  it("replaces a file of the same path", async () => {
    await draftOf(service, "replaced", "1.0.0", { a: "one" });
    const put = await call("PUT", "/v1/models/replaced/versions/1.0.0/files/a", { bytes: "two" });
    expect(put.status).toBe(200);
    const read = await call("GET", "/v1/models/replaced/versions/1.0.0/files/a");
    expect(read.bytes.toString()).toBe("two");
    expect((await call("GET", "/v1/models/replaced/versions/1.0.0/files")).json.items).toHaveLength(1);
  });

  it("takes files that arrive together, and tells each its own refusal", async () => {
    await draftOf(service, "together", "1.0.0", { taken: "x", "data/first": "x" });
    const put = (path: string, bytes = path) =>
      call("PUT", `/v1/models/together/versions/1.0.0/files/${path}`, { bytes });
    const paths = Array.from({ length: 40 }, (_, index) => `data/${index}.bin`);
    const answers = await Promise.all([
      ...paths.map((path) => patiently(() => put(path))),
      patiently(() => put("taken/below")),
      patiently(() => put("Data/other.bin")),
      ...["one", "two", "three"].map((bytes) => patiently(() => put("same", bytes))),
    ]);
    const statuses = answers.map(({ status }) => status);
    expect(statuses.slice(0, 42)).toEqual([...paths.map(() => 201), 409, 409]);
    expect(statuses.slice(42).sort()).toEqual([200, 200, 201]);
    const { json } = await call("GET", "/v1/models/together/versions/1.0.0/files?limit=100");
    expect(json.items.map(({ path }: { path: string }) => path)).toEqual(
      [...paths, "data/first", "same", "taken"].sort(),
    );
    for (const path of ["data/7.bin", "data/39.bin"])
      expect((await call("GET", `/v1/models/together/versions/1.0.0/files/${path}`)).bytes.toString()).toBe(path);
    const rows = await registry.db.auditEntry.count({ where: { action: "file.put", model: "together" } });
    expect(rows).toBe(2 + paths.length + 3);
    const keys = (await registry.db.blob.findMany()).map(({ key }) => key);
    const unnamed = async () => (await storedObjects(registry)).filter((key) => !keys.includes(key));
    await expect.poll(unnamed).toEqual([]); // what is not kept may go after the answer
  });

  it("finds in the rows of a version what would stand in a path's way, as among paths that come together", async () => {
    await draftOf(service, "ways", "1.0.0", {});
    const draft = await findDraft(registry.db, "ways", "1.0.0", "no lock");
    const { digest: blobDigest } = await registry.db.blob.findFirstOrThrow();
    const segment = fc.constantFrom("a", "A", "b", "a0", "a.b", "ß", "SS", "é");
    const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => segments.join("/") as FilePath);
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(path, { maxLength: 8 }),
        fc.uniqueArray(path, { minLength: 1, maxLength: 3 }),
        async (old, more) => {
          fc.pre(findClash(old) === null);
          const refused = await registry.db
            .$transaction(async (tx) => {
              await tx.versionFile.deleteMany({ where: { versionId: draft.id } });
              await tx.versionFile.createMany({
                data: old.map((path) => ({
                  versionId: draft.id,
                  path,
                  foldedPath: foldPath(path),
                  blobDigest,
                  sizeBytes: 1,
                })),
              });
              return requirePlaces(tx, draft.id, more);
            })
            .then(
              (there) => {
                expect([...there.keys()].sort()).toEqual(more.filter((path) => old.includes(path)).sort());
                return false;
              },
              (error: unknown) => isSlipwayError(error, "path_taken"),
            );
          expect(refused).toBe(findClash([...new Set([...old, ...more])]) !== null);
        },
      ),
      { numRuns: 150 },
    );
  });

  it.each([
    ["model.pkl", "Model.pkl"],
    ["a", "a/b"],
    ["a/b/c", "a"],
    ["a/b/c", "A/b"],
    ["straße", "STRASSE"],
  ])("does not let %s and %s stand in one version", async (first, second) => {
    const name = `clash-${createHash("sha256")
      .update(first + second)
      .digest("hex")
      .slice(0, 10)}`;
    await draftOf(service, name, "1.0.0", { [encodeURI(first)]: "x" });
    const put = await call("PUT", `/v1/models/${name}/versions/1.0.0/files/${encodeURI(second)}`, { bytes: "y" });
    expect(put.status).toBe(409);
    expect(put.json.detail).toContain(first);
  });

  it.each(["%2e%2e/etc/passwd", "a/%2E%2E/b", "a%5Cb", "a%00b", "%2Fabsolute", "e%CC%81", "a//b", "x/".repeat(600)])(
    "refuses the path %s with a sentence",
    async (path) => {
      await call("POST", "/v1/models", { json: { name: "paths" } });
      await call("POST", "/v1/models/paths/versions", { json: { version: "1.0.0" } });
      const put = await call("PUT", `/v1/models/paths/versions/1.0.0/files/${path}`, { bytes: "x" });
      expect(put.status).toBe(422);
      expect(put.json.detail).toMatch(/cannot be kept/);
      expect((await call("GET", "/v1/models/paths/versions/1.0.0/files")).json.items).toEqual([]);
    },
  );

  it("serves one range, and refuses several or what is outside", async () => {
    await draftOf(service, "ranged", "1.0.0", { a: "0123456789" });
    const read = (range: string) => call("GET", "/v1/models/ranged/versions/1.0.0/files/a", { headers: { range } });
    const middle = await read("bytes=2-4");
    expect([middle.status, middle.bytes.toString(), middle.headers["content-range"]]).toEqual([
      206,
      "234",
      "bytes 2-4/10",
    ]);
    expect((await read("bytes=-3")).bytes.toString()).toBe("789");
    expect((await read("bytes=8-")).bytes.toString()).toBe("89");
    expect((await read("bytes=8-99")).bytes.toString()).toBe("89");
    for (const range of ["bytes=10-", "bytes=0-1,3-4", "bytes=99-100"]) {
      const answer = await read(range);
      expect(answer.status, range).toBe(416);
      expect(answer.headers["content-range"]).toBe("bytes */10");
    }
    expect((await read("lines=1-2")).status).toBe(200);
  });

  it("answers HEAD and If-None-Match without the bytes", async () => {
    await draftOf(service, "known", "1.0.0", { a: "abc" });
    const head = await call("HEAD", "/v1/models/known/versions/1.0.0/files/a");
    expect([head.status, head.headers["content-length"], head.bytes.length]).toEqual([200, "3", 0]);
    const etag = String(head.headers["etag"]);
    expect(etag).toBe(`"${digest("abc")}"`);
    const cached = await call("GET", "/v1/models/known/versions/1.0.0/files/a", { headers: { "if-none-match": etag } });
    expect(cached.status).toBe(304);
    const headCached = await call("HEAD", "/v1/models/known/versions/1.0.0/files/a", {
      headers: { "if-none-match": etag },
    });
    expect(headCached.status).toBe(304);
  });

  it("removes a file of a draft", async () => {
    await draftOf(service, "removed", "1.0.0", { a: "abc" });
    expect((await call("DELETE", "/v1/models/removed/versions/1.0.0/files/a")).status).toBe(204);
    expect((await call("DELETE", "/v1/models/removed/versions/1.0.0/files/a")).status).toBe(404);
  });

  it("answers an upload that cannot be taken while it is still being sent", async () => {
    const put = await call("PUT", "/v1/models/nowhere/versions/1.0.0/files/a", { bytes: Buffer.alloc(40_000_000) });
    expect([put.status, put.json.type]).toEqual([404, "/problems/model_not_found"]);
  });

  it("answers a client that hears nothing before it has sent everything", async () => {
    for (const path of ["/v1/models/nowhere/versions/1.0.0/files/a", "/v1/models/nowhere/versions?version=1.0.0"]) {
      const method = path.endsWith("/a") ? "PUT" : "POST";
      expect([path, await sendWholeThenRead(service.port, method, path, 20_000_000)]).toEqual([
        path,
        "HTTP/1.1 404 Not Found",
      ]);
    }
  });

  it("says which of model, version and file is not there", async () => {
    await draftOf(service, "there", "1.0.0");
    const type = async (url: string) => (await call("GET", url)).json.type;
    expect(await type("/v1/models/nowhere/versions/1.0.0/files/a")).toBe("/problems/model_not_found");
    expect(await type("/v1/models/there/versions/2.0.0/files/a")).toBe("/problems/version_not_found");
    expect(await type("/v1/models/there/versions/1.0.0/files/a")).toBe("/problems/file_not_found");
  });
});

/** As Python's http.client does: writes all of the body, and only then begins to read. */
function sendWholeThenRead(port: number, method: string, path: string, sizeBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    socket.setTimeout(60_000, () => reject(new Error("no answer within a minute")));
    socket.on("error", reject);
    socket.pause();
    socket.write(
      `${method} ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-tar\r\ncontent-length: ${sizeBytes}\r\n\r\n`,
    );
    socket.write(Buffer.alloc(sizeBytes), () => {
      socket.once("data", (bytes) => {
        socket.destroy();
        resolve(bytes.toString().split("\r\n", 1)[0] ?? "");
      });
      socket.resume();
    });
  });
}
