import { randomBytes } from "node:crypto";
import http from "node:http";
import { describe, expect, it } from "vitest";
import { guardedService } from "#test/access.ts";
import { expectRefused } from "#test/aftermath.ts";
import { storedObjects } from "#test/stored-objects.ts";
import { tarOf } from "#test/tar-of.ts";
import { draftOf, type TestService, testService } from "#test/test-service.ts";

const service = await testService({ SLIPWAY_LARGEST_FILE_BYTES: "1000" });
const { call } = service;
const at = (model: string, version = "1.0.0") => `/v1/models/${model}/versions/${version}`;
const put = (model: string, path: string, bytes: Buffer) => call("PUT", `${at(model)}/files/${path}`, { bytes });
const upload = (model: string, version: string, bytes: Buffer, on: TestService = service) =>
  on.call("POST", `/v1/models/${model}/versions?version=${version}`, {
    bytes,
    headers: { "content-type": "application/x-tar" },
  });

/** Without a length; the status, or null where the other side hung up. */
function putChunked(port: number, path: string, chunk: Buffer, chunks: number): Promise<number | null> {
  return new Promise((resolve) => {
    const request = http.request({ host: "127.0.0.1", port, method: "PUT", path }, (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode ?? null));
    });
    request.once("error", () => resolve(null));
    for (let index = 0; index < chunks; index += 1) request.write(chunk);
    request.end();
  });
}

describe("the largest file", () => {
  it("is taken, and of one byte more nothing is kept, however it comes", async () => {
    await draftOf(service, "large", "1.0.0");
    expect((await put("large", "fits.bin", randomBytes(1_000))).status).toBe(201);
    const { json } = await expectRefused(service, 413, () => put("large", "a.bin", randomBytes(1_001)));
    expect(json).toMatchObject({
      type: "/problems/file_too_large",
      detail: "a file here has at most 1000 bytes; nothing was kept",
    });
    const before = await storedObjects(service.registry);
    expect(await putChunked(service.port, `${at("large")}/files/b.bin`, randomBytes(600), 2)).toBe(413);
    expect(await storedObjects(service.registry)).toEqual(before);
    const archive = await tarOf({ "small.bin": randomBytes(900), "large.bin": randomBytes(1_001) });
    await expectRefused(service, 413, () => upload("large", "2.0.0", archive));
  });

  it("of a pattern is the least that any quota says", async () => {
    await draftOf(service, "narrow.er.m", "1.0.0");
    const set = (pattern: string, fileBytes: number) => call("PUT", `/v1/quotas/${pattern}`, { json: { fileBytes } });
    await set("narrow.*", 50);
    await set("narrow.er.*", 70);
    const { json } = await expectRefused(service, 413, () => put("narrow.er.m", "a.bin", randomBytes(51)));
    expect(json.detail).toBe("a file of narrow.* has at most 50 bytes; nothing was kept");
    expect((await put("narrow.er.m", "a.bin", randomBytes(50))).status).toBe(201);
    await set("narrow.*", 100_000); // the installation's own limit holds all the same
    await set("narrow.er.*", 100_000);
    await expectRefused(service, 413, () => put("narrow.er.m", "b.bin", randomBytes(1_001)));
  });
});

it("files of a version are as many as the quota says, however they come", async () => {
  await draftOf(service, "few.files", "1.0.0", { "a.txt": "a", "b.txt": "b" });
  const quota = await call("PUT", "/v1/quotas/few.*", { json: { filesPerVersion: 2 } });
  expect(quota.json.filesPerVersion).toEqual({ limit: 2 });
  const { json } = await expectRefused(service, 422, () => put("few.files", "c.txt", Buffer.from("c")));
  expect([json.type, json.detail]).toEqual([
    "/problems/too_many_files",
    expect.stringContaining("a version of few.* holds at most 2 files"),
  ]);
  expect((await put("few.files", "b.txt", Buffer.from("replaced"))).status).toBe(200);
  const archive = await tarOf({ a: Buffer.from("a"), b: Buffer.from("b"), c: Buffer.from("c") });
  await expectRefused(service, 422, () => upload("few.files", "2.0.0", archive));
});

it("a quota that is reached shows its figures to those alone who see all of its models", async () => {
  const guarded = await guardedService();
  const chief = await guarded.identity("chief", [{ role: "administrator", pattern: "fraud.*" }]);
  const member = await guarded.identity("member", [{ role: "uploader", pattern: "fraud.eu" }]);
  await draftOf({ ...guarded, call: guarded.admin }, "fraud.eu", "1.0.0", { "a.bin": randomBytes(70) });
  await guarded.admin("PUT", "/v1/quotas/fraud.*", { json: { sizeBytes: 100 } });
  const refusal = async (who: { call: typeof guarded.admin }) => {
    const { status, json } = await who.call("PUT", `${at("fraud.eu")}/files/b.bin`, { bytes: randomBytes(40) });
    return [status, json.type, json.detail];
  };
  const remedy = "delete drafts, or files of drafts, that are no longer needed, or ask an administrator to raise it";
  const is = "the quota of fraud.* for bytes is reached";
  expect(await refusal(chief)).toEqual([507, "/problems/space_exceeded", `${is}, with 70 of 100 in use: ${remedy}`]);
  expect(await refusal(member)).toEqual([
    507,
    "/problems/space_exceeded",
    `${is}: ${remedy}; GET /v1/quotas has its figures`,
  ]);
});
