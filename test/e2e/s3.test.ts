import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openBlobStore } from "#core/artifacts/open-blob-store.ts";
import { realModel } from "#test/real-models.ts";
import { startSlipway } from "#test/slipway-process.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { describeWithBucket } from "#test/test-bucket.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";

const mebibyte = 1024 ** 2;
const model = "/v1/models/churn";
const version = `${model}/versions/1.0.0`;

describeWithBucket("npm start with a bucket for artifacts", "versitygw", ({ config, settings }) => {
  const blobs = openBlobStore({ dir: "", s3: config, leastFreeBytes: 0 });
  whenDone(() => blobs.close());

  it("brings a version to ready, keeps every byte in the bucket, and has it again after a kill", async () => {
    const dataDir = temporaryFolder();
    const first = startSlipway(dataDir, settings);
    let url = await first.ready;
    const call = async (method: string, path: string, body?: string | Buffer) => {
      const json = typeof body === "string" && body.startsWith("{") ? { "content-type": "application/json" } : {};
      const answer = await fetch(url + path, {
        method,
        headers: json,
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : new Uint8Array(body) }),
        signal: AbortSignal.timeout(60_000),
      });
      return { status: answer.status, bytes: Buffer.from(await answer.arrayBuffer()) };
    };
    const jsonOf = async (path: string) => JSON.parse((await call("GET", path)).bytes.toString());
    expect((await call("POST", "/v1/models", '{"name": "churn"}')).status).toBe(201);
    expect((await call("POST", `${model}/versions`, '{"version": "1.0.0"}')).status).toBe(201);
    const large = randomBytes(20 * mebibyte); // in parts
    const files = { ...realModel("custom").files, "data/large.bin": large };
    for (const [path, bytes] of Object.entries(files))
      expect((await call("PUT", `${version}/files/${path}`, Buffer.from(bytes))).status).toBe(201);
    expect((await call("POST", `${version}/seal`)).status).toBe(202);
    const { image } = await waitUntil(
      "the version is ready",
      async () => {
        const found = await jsonOf(version);
        expect(["sealed", "building", "ready"]).toContain(found.status);
        return found.status === "ready" ? found : null;
      },
      { withinMs: 240_000, everyMs: 500 },
    );
    expect(image.digest).toMatch(/^sha256:/);

    const inBucket = new Map<string, number>();
    for await (const page of blobs.list()) for (const { key, sizeBytes } of page) inBucket.set(key, sizeBytes);
    expect([...inBucket.values()].filter((sizeBytes) => sizeBytes === large.length)).toHaveLength(1);
    expect(inBucket.size).toBeGreaterThan(Object.keys(files).length); // the layers of base and runtime, too
    expect(existsSync(join(dataDir, "artifacts"))).toBe(false);

    first.signal("SIGKILL");
    await first.exited;
    url = await startSlipway(dataDir, settings).ready;
    expect(await jsonOf(version)).toMatchObject({ status: "ready", image: { digest: image.digest } });
    const read = await call("GET", `${version}/files/data/large.bin`);
    expect(createHash("sha256").update(read.bytes).digest("hex")).toBe(
      createHash("sha256").update(large).digest("hex"),
    );
  });
});
