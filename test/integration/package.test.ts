import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { digestOf } from "#core/artifacts/digest.ts";
import { sealed } from "#test/sealed.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { draftOf, testService } from "#test/test-service.ts";

const service = await testService();
const { call } = service;
const at = (model: string, version = "1.0.0") => `/v1/models/${model}/versions/${version}`;

/** What a program of the system makes of an archive. */
function unpacked(bytes: Buffer, format: "tar.gz" | "zip"): string {
  const folder = temporaryFolder();
  const archive = join(folder, `archive.${format}`);
  const into = join(folder, "files");
  mkdirSync(into);
  writeFileSync(archive, bytes);
  if (format === "zip") execFileSync("python3", ["-m", "zipfile", "-e", archive, into]);
  else execFileSync("tar", ["-xzf", archive, "-C", into]);
  return into;
}

const long = `${"folder/".repeat(20)}${"x".repeat(120)}.bin`;
const files = {
  "slipway.yaml": "name: churn\n",
  "model/empty.bin": "",
  [`model/${encodeURIComponent("données.bin")}`]: randomBytes(200_000),
  [long]: randomBytes(70_000),
};

describe.each(["tar.gz", "zip"] as const)("a package as %s", (format) => {
  const type = format === "zip" ? "application/zip" : "application/gzip";
  const model = `packed-${format.slice(0, 3)}`;
  const get = (of = at(model), headers = {}) => call("GET", `${of}/package?format=${format}`, { headers });

  it("holds every file as it was uploaded, with the length that was announced", async () => {
    await draftOf(service, model, "1.0.0", files);
    const answer = await get();
    expect(answer.headers).toMatchObject({
      "content-type": type,
      "content-length": String(answer.bytes.length),
      "content-disposition": `attachment; filename=${model}-1.0.0.${format}`,
    });
    expect(answer.headers["etag"]).toBeUndefined(); // of a draft, which may change
    const folder = unpacked(answer.bytes, format);
    for (const [path, bytes] of Object.entries(files))
      expect(readFileSync(join(folder, decodeURIComponent(path))).equals(Buffer.from(bytes)), path).toBe(true);
    const head = await call("HEAD", `${at(model)}/package?format=${format}`);
    expect([head.status, head.headers["content-length"], head.bytes.length]).toEqual([
      200,
      String(answer.bytes.length),
      0,
    ]);
  });

  it("is the same bytes for the same files, in whatever order, model and version they came", async () => {
    const reversed = Object.fromEntries(Object.entries(files).reverse());
    await draftOf(service, `${model}-other`, "2.0.0", reversed);
    const [first, again, other] = [await get(), await get(), await get(at(`${model}-other`, "2.0.0"))];
    expect(again.bytes.equals(first.bytes)).toBe(true);
    expect(other.bytes.equals(first.bytes)).toBe(true);
  });

  it("of a sealed version is known by an ETag", async () => {
    await sealed(service, `${model}-sealed`, "1.0.0");
    const { headers } = await get(at(`${model}-sealed`));
    const { contentDigest } = (await call("GET", at(`${model}-sealed`))).json;
    expect(headers["etag"]).toBe(`"${contentDigest}-${format}-1"`);
    const known = await get(at(`${model}-sealed`), { "if-none-match": String(headers["etag"]) });
    expect([known.status, known.bytes.length]).toEqual([304, 0]);
  });
});

it("a package never changes its bytes: these files have these", async () => {
  await draftOf(service, "fixed", "1.0.0", { "a.txt": "abc", "b/c.txt": "", "b/d.txt": "x".repeat(70_000) });
  const digests = await Promise.all(
    ["tar.gz", "zip"].map(async (format) =>
      digestOf((await call("GET", `${at("fixed")}/package?format=${format}`)).bytes),
    ),
  );
  expect(digests).toEqual([
    "sha256:0d72753c97a9e08d62a96eb5128b35f99b2ad281d4c980c97585905fd72526f5",
    "sha256:5eaf986908bd9092f0ee49f1cc8940f5a0694d3789902ac5cefc702dc069c6e4",
  ]);
});

it("a package makes the same version again when it is uploaded", async () => {
  await sealed(service, "sent", "1.0.0");
  const { bytes } = await call("GET", `${at("sent")}/package`);
  await call("POST", "/v1/models", { json: { name: "received" } });
  const received = await call("POST", "/v1/models/received/versions?version=3.0.0", {
    bytes,
    headers: { "content-type": "application/gzip" },
  });
  expect(received.status).toBe(202);
  const { contentDigest, fileCount } = (await call("GET", at("sent"))).json;
  expect(received.json).toMatchObject({ contentDigest, fileCount });
});

it("a package of no files is an empty archive, and of what is not there a 404", async () => {
  await draftOf(service, "bare", "1.0.0");
  expect(gunzipSync((await call("GET", `${at("bare")}/package`)).bytes)).toEqual(Buffer.alloc(1_024));
  expect((await call("GET", `${at("bare", "2.0.0")}/package`)).json.type).toBe("/problems/version_not_found");
  expect((await call("GET", `${at("bare")}/package?format=rar`)).status).toBe(400);
});
