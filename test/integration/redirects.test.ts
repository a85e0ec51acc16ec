import { randomBytes } from "node:crypto";
import { parse } from "content-disposition";
import { expect, it } from "vitest";
import { describeWithBucket } from "#test/test-bucket.ts";
import { type Answer, draftOf, testService } from "#test/test-service.ts";

const at = (model: string, path: string) => `/v1/models/${model}/versions/1.0.0/files/${path}`;

it("a file that is to come by redirect comes from here where no client reaches the store", async () => {
  const service = await testService({ SLIPWAY_S3_BUCKET: "" });
  const { call } = service;
  await draftOf(service, "folder", "1.0.0", { "a.txt": "abc" });
  const read = await call("GET", `${at("folder", "a.txt")}?download=redirect`);
  expect([read.status, read.bytes.toString()]).toEqual([200, "abc"]);
  expect((await call("GET", `${at("folder", "a.txt")}?download=elsewhere`)).status).toBe(400);
});

for (const server of ["versitygw", "minio"] as const)
  describeWithBucket(`a redirect to ${server}`, server, async ({ settings }) => {
    const inBucket = await testService(settings);
    const follow = async (answer: Answer, headers: Record<string, string> = {}) => {
      const response = await fetch(String(answer.headers["location"]), { headers });
      return { response, bytes: Buffer.from(await response.arrayBuffer()) };
    };

    it("leads to the bytes, under the file's name, for five minutes", async () => {
      const bytes = randomBytes(100_000);
      await draftOf(inBucket, "m", "1.0.0", { [encodeURIComponent("modèle.bin")]: bytes });
      const path = `${at("m", encodeURIComponent("modèle.bin"))}?download=redirect`;
      const answer = await inBucket.call("GET", path);
      expect([answer.status, answer.bytes.length, answer.headers["cache-control"]]).toEqual([302, 0, "no-store"]);
      const url = new URL(String(answer.headers["location"]));
      expect(url.searchParams.get("X-Amz-Expires")).toBe("300");
      const { response, bytes: read } = await follow(answer);
      expect([response.status, read.equals(bytes)]).toEqual([200, true]);
      expect(parse(response.headers.get("content-disposition") ?? "").parameters["filename"]).toBe("modèle.bin");
      const part = await follow(answer, { range: "bytes=10-19" });
      expect([part.response.status, part.bytes.equals(bytes.subarray(10, 20))]).toEqual([206, true]);

      const head = await inBucket.call("HEAD", path);
      expect([head.status, head.headers["content-length"]]).toEqual([200, "100000"]);
      const known = { "if-none-match": String(head.headers["etag"]) };
      expect((await inBucket.call("GET", path, { headers: known })).status).toBe(304);
      // Signed for this object and for reading alone.
      const written = await fetch(url, { method: "PUT", body: "other" });
      expect(written.status).toBe(403);
    });

    it("is not needed: the bytes come through the API, too", async () => {
      const bytes = randomBytes(3_000_000);
      await draftOf(inBucket, "through", "1.0.0", { "a.bin": bytes });
      const read = await inBucket.call("GET", at("through", "a.bin"));
      expect([read.status, read.bytes.equals(bytes)]).toEqual([200, true]);
    });
  });
