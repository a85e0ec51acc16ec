import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import tar from "tar-stream";
import { describe, expect, it } from "vitest";
import { digestOf } from "#core/artifacts/digest.ts";
import { predictorPackage, sealed } from "#test/sealed.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";

const service = await testService();
const { call, registry } = service;

describe("sealing", () => {
  it("freezes a draft, describes it and queues its build", async () => {
    await draftOf(service, "frozen", "1.0.0", {
      ...predictorPackage,
      "slipway.yaml": "schema: 1\nlabels: {team: fraud}\nmetadata: {metrics: {auc: 0.91}}\n",
    });
    const answer = await call("POST", "/v1/models/frozen/versions/1.0.0/seal");
    expect(answer.status).toBe(202);
    expect(answer.json).toMatchObject({
      status: "sealed",
      format: "python",
      fileCount: 2,
      labels: { team: "fraud" },
      metadata: { metrics: { auc: 0.91 } },
      build: { status: "queued" },
    });
    expect(answer.json.contentDigest).toMatch(/^sha256:[0-9a-f]{64}$/);
    const build = await call("GET", `/v1/builds/${answer.json.build.id}`);
    expect(build.json).toMatchObject({
      model: "frozen",
      version: "1.0.0",
      status: "queued",
      builder: { name: "assembler" },
    });
  });

  it("never changes what is sealed", async () => {
    await sealed(service, "still", "1.0.0");
    const before = await call("GET", "/v1/models/still/versions/1.0.0");
    const url = "/v1/models/still/versions/1.0.0";
    for (const answer of [
      await call("PUT", `${url}/files/notes.txt`, { bytes: "other" }),
      await call("PUT", `${url}/files/new.txt`, { bytes: "new" }),
      await call("DELETE", `${url}/files/notes.txt`),
      await call("POST", `${url}/seal`),
    ]) {
      expect(answer.status).toBe(409);
      expect(answer.json.type).toBe("/problems/version_sealed");
    }
    expect((await call("DELETE", url)).json.type).toBe("/problems/deletion_not_allowed");
    expect((await call("GET", url)).json).toEqual(before.json);
    expect((await call("GET", `${url}/files/notes.txt`)).bytes.toString()).toBe("still 1.0.0");
  });

  it("leaves description and labels open", async () => {
    await sealed(service, "open", "1.0.0");
    const patched = await call("PATCH", "/v1/models/open/versions/1.0.0", {
      json: { description: "new", labels: { a: "b" } },
    });
    expect(patched.json).toMatchObject({ description: "new", labels: { a: "b" } });
    const metadata = await call("PATCH", "/v1/models/open/versions/1.0.0", { json: { metadata: {} } });
    expect(metadata.status).toBe(400);
  });

  it("gives the same content digest to the same files and metadata, whatever the model and version", async () => {
    const files = { ...predictorPackage, "a.txt": "a" };
    await draftOf(service, "same-a", "1.0.0", files);
    await draftOf(service, "same-b", "2.0.0", files);
    await draftOf(service, "same-b", "3.0.0", { ...files, "a.txt": "b" });
    const digestOf = async (url: string) => (await call("POST", `${url}/seal`)).json.contentDigest;
    const first = await digestOf("/v1/models/same-a/versions/1.0.0");
    expect(await digestOf("/v1/models/same-b/versions/2.0.0")).toBe(first);
    expect(await digestOf("/v1/models/same-b/versions/3.0.0")).not.toBe(first);
  });

  it("says everything that is wrong at once, and leaves the draft open to be mended", async () => {
    await draftOf(service, "faulty", "1.0.0", {
      "slipway.yaml": "schema: 1\nformatt: sklearn\n",
      "requirements.txt": "-e .\ngit+https://example.org/x.git\n",
    });
    const refused = await call("POST", "/v1/models/faulty/versions/1.0.0/seal");
    expect(refused.status).toBe(422);
    expect(refused.json.type).toBe("/problems/package_invalid");
    expect(refused.json.errors.length).toBeGreaterThan(1);
    expect((await call("GET", "/v1/models/faulty/versions/1.0.0")).json).toMatchObject({
      status: "draft",
      build: null,
    });

    for (const path of ["slipway.yaml", "requirements.txt"])
      await call("DELETE", `/v1/models/faulty/versions/1.0.0/files/${path}`);
    await call("PUT", "/v1/models/faulty/versions/1.0.0/files/src/predictor.py", {
      bytes: predictorPackage["src/predictor.py"],
    });
    expect((await call("POST", "/v1/models/faulty/versions/1.0.0/seal")).status).toBe(202);
  });

  it("refuses a draft with no file", async () => {
    await draftOf(service, "bare", "1.0.0");
    expect((await call("POST", "/v1/models/bare/versions/1.0.0/seal")).status).toBe(422);
  });

  it("inspects anew what changed while it was inspected", async () => {
    const { db } = registry;
    await draftOf(service, "changed", "1.0.0", predictorPackage);
    await call("PUT", "/v1/models/changed/versions/1.0.0/files/late.txt", { bytes: "before" });
    const other = digestOf("after");
    await draftOf(service, "other", "1.0.0", { "late.txt": "after" });
    const { id } = await db.version.findFirstOrThrow({ where: { model: { name: "changed" } } });
    const sealing = await db.$transaction(async (tx) => {
      await tx.$queryRaw`SELECT 1 FROM versions WHERE id = ${id}::uuid FOR UPDATE`;
      const answer = call("POST", "/v1/models/changed/versions/1.0.0/seal");
      await waitUntil("the seal waits to freeze what it has read", async () => {
        const waiting = await db.$queryRaw<unknown[]>`
          SELECT 1 FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FOR UPDATE OF v%'`;
        return waiting.length > 0;
      });
      await tx.versionFile.updateMany({
        where: { versionId: id, path: "late.txt" },
        data: { blobDigest: other, sizeBytes: 5 },
      });
      return { answer };
    });
    expect((await sealing.answer).status).toBe(202);
    await draftOf(service, "same", "1.0.0", { ...predictorPackage, "late.txt": "after" });
    const same = await call("POST", "/v1/models/same/versions/1.0.0/seal");
    expect((await sealing.answer).json.contentDigest).toBe(same.json.contentDigest);
  });
});

describe("one call with an archive", () => {
  const upload = (query: string, bytes: Buffer, type = "application/x-tar") =>
    call("POST", `/v1/models/packed/versions?${query}`, { bytes, headers: { "content-type": type } });

  it("makes, fills and seals a version", async () => {
    await call("POST", "/v1/models", { json: { name: "packed" } });
    const archive = await pack({ ...predictorPackage, "notes.txt": "hello" }, "./");
    const made = await upload(
      "version=1.0.0&label=team=fraud&description=first&metadata=%7B%22auc%22%3A0.9%7D",
      archive,
    );
    expect(made.status).toBe(202);
    expect(made.json).toMatchObject({
      version: "1.0.0",
      status: "sealed",
      fileCount: 2,
      labels: { team: "fraud" },
      description: "first",
      metadata: { auc: 0.9 },
    });
    const read = await call("GET", "/v1/models/packed/versions/1.0.0/files/notes.txt");
    expect(read.bytes.toString()).toBe("hello");
  });

  it("takes a tar.gz, and seals to the same content digest as file by file", async () => {
    const zipped = await upload("version=1.1.0", gzipSync(await pack(predictorPackage)), "application/gzip");
    expect(zipped.status).toBe(202);
    await draftOf(service, "packed", "1.2.0", predictorPackage);
    const single = await call("POST", "/v1/models/packed/versions/1.2.0/seal");
    expect(single.json.contentDigest).toBe(zipped.json.contentDigest);
  });

  it("says what is wrong with the start of a large archive while the rest is still being sent", async () => {
    await call("POST", "/v1/models", { json: { name: "packed" } });
    const bad = await packEntries([{ name: "a", type: "symlink", linkname: "/etc/passwd" }]);
    const answer = await upload("version=9.0.0", Buffer.concat([bad.subarray(0, 512), Buffer.alloc(40_000_000, 1)]));
    expect([answer.status, answer.json.type]).toEqual([422, "/problems/archive_invalid"]);
  });

  it("refuses an archive that was cut between two files", async () => {
    const whole = await pack({ ...predictorPackage, "weights.bin": "w" });
    const cut = whole.subarray(0, 1_024);
    const answer = await upload("version=8.0.0", cut);
    expect([answer.status, answer.json.detail]).toEqual([422, expect.stringContaining("cut off")]);
  });

  it("checks the digest of the whole archive", async () => {
    const bytes = await pack(predictorPackage);
    const send = (digestOf: Buffer) =>
      call("POST", "/v1/models/packed/versions?version=8.1.0", {
        bytes,
        headers: {
          "content-type": "application/x-tar",
          "content-digest": `sha-256=:${createHash("sha256").update(digestOf).digest("base64")}:`,
        },
      });
    const wrong = await send(Buffer.from("other"));
    expect([wrong.status, wrong.json.type]).toEqual([422, "/problems/digest_mismatch"]);
    expect((await send(bytes)).status).toBe(202);
  });

  it("takes a thousand files in one go, and refuses two that clash", async () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`data/${index}.txt`, "same"]));
    const made = await upload("version=8.2.0", await pack({ ...predictorPackage, ...many }));
    expect([made.status, made.json.fileCount]).toEqual([202, 1_001]);
    for (const clash of [
      { "a.txt": "1", "A.TXT": "2" },
      { "a/b": "1", a: "2" },
    ]) {
      const refused = await upload("version=8.3.0", await pack({ ...predictorPackage, ...clash }));
      expect([refused.status, refused.json.type]).toEqual([422, "/problems/archive_invalid"]);
    }
  });

  it("does not blame the archive for a store that is broken", async () => {
    const broken = await testService({ SLIPWAY_ARTIFACTS_DIR: "/dev/null/artifacts" });
    await broken.call("POST", "/v1/models", { json: { name: "packed" } });
    const answer = await broken.call("POST", "/v1/models/packed/versions?version=1.0.0", {
      bytes: await pack(predictorPackage),
      headers: { "content-type": "application/x-tar" },
    });
    expect([answer.status, answer.json.type]).toEqual([503, "/problems/unavailable"]);
    expect(answer.json.detail).not.toContain("/dev/null");
  });

  it("keeps no version of an archive that is refused, so that the call can be made again", async () => {
    const whole = await pack(predictorPackage);
    const refused: [string, Buffer][] = [
      ["cut", whole.subarray(0, 700)],
      ["no tar", Buffer.from("x".repeat(2_000))],
      ["a cut gzip", gzipSync(whole).subarray(0, 60)],
      ["empty", Buffer.alloc(0)],
      ["a link", await packEntries([{ name: "a", type: "symlink", linkname: "/etc/passwd" }])],
      ["a device", await packEntries([{ name: "a", type: "character-device" }])],
      ["a way out", await pack({ "../evil": "x" })],
      ["one name twice", await packEntries([{ name: "a" }, { name: "a" }])],
      ["no model", await pack({ "README.md": "x" })],
    ];
    for (const [name, bytes] of refused) {
      const answer = await upload("version=2.0.0", bytes);
      expect([name, answer.status]).toEqual([name, 422]);
      expect((await call("GET", "/v1/models/packed/versions/2.0.0")).status).toBe(404);
    }
    expect((await upload("version=2.0.0", whole)).status).toBe(202);
    expect((await upload("version=2.0.0", whole)).status).toBe(409);
    expect((await upload("", whole)).status).toBe(400);
  });
});

function pack(files: Record<string, string>, prefix = ""): Promise<Buffer> {
  return packEntries(Object.entries(files).map(([name, content]) => ({ name: prefix + name, content })));
}

async function packEntries(entries: (Partial<tar.Header> & { name: string; content?: string })[]): Promise<Buffer> {
  const archive = tar.pack();
  for (const { content = "", ...header } of entries) archive.entry(header, content);
  archive.finalize();
  return buffer(archive);
}
