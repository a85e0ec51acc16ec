import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type Child, startChild } from "#standalone/child.ts";
import { openLedger } from "#standalone/ledger.ts";
import { programPath } from "#standalone/setup/service-programs.mjs";
import { environmentOf } from "#test/service-processes.ts";
import { shortest } from "#test/shortest.ts";
import { tcpProxy } from "#test/tcp-proxy.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { describeWithBucket } from "#test/test-bucket.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";

describeWithBucket("a bucket", "versitygw", async ({ settings, config }) => {
  const proxy = await tcpProxy(config.endpoint ?? "");
  const service = await testService({ ...settings, SLIPWAY_S3_ENDPOINT: proxy.urlOf(config.endpoint ?? "") });
  const { call } = service;
  const artifacts = async () => {
    const { status, json } = await call("GET", "/readyz");
    return { ready: status, ...json.parts.find(({ name }: { name: string }) => name === "artifacts") };
  };

  it("that is away is 503 in readiness, uploads and downloads, and all works again by itself", async () => {
    await draftOf(service, "away", "1.0.0", { "kept.bin": "kept" });
    const file = "/v1/models/away/versions/1.0.0/files";
    await waitUntil("it is there", async () => (await artifacts()).ready === 200);
    proxy.cut();
    await waitUntil("it is down", async () => (await artifacts()).status === "down");
    expect(await artifacts()).toMatchObject({ ready: 503, message: "does not answer; the log says why" });
    const started = Date.now();
    for (const method of ["PUT", "GET"] as const) {
      const { status, json } = await call(method, `${file}/${method === "PUT" ? "new" : "kept"}.bin`, { bytes: "new" });
      expect([status, json.type]).toEqual([503, "/problems/unavailable"]);
    }
    expect(Date.now() - started).toBeLessThan(20_000);
    expect((await call("GET", file)).json.items.map(({ path }: { path: string }) => path)).toEqual(["kept.bin"]);
    proxy.open();
    await waitUntil("it is back", async () => (await artifacts()).ready === 200);
    expect((await call("GET", `${file}/kept.bin`)).bytes.toString()).toBe("kept");
    expect((await call("PUT", `${file}/new.bin`, { bytes: "new" })).status).toBe(201);
  });

  it("that answers nothing any more is down within two seconds", async () => {
    proxy.disturb(() => new Promise(() => {}));
    await waitUntil("what is known is old", async () => (await artifacts()).status === "down");
    const ms = await shortest(async () => expect((await artifacts()).ready).toBe(503));
    expect(ms).toBeLessThan(2_000);
    proxy.disturb(null);
    await waitUntil("it is back", async () => (await artifacts()).ready === 200);
  });

  it("that takes connections and says nothing makes an upload and a download 503 in the end", async () => {
    await draftOf(service, "silent", "1.0.0", { "kept.bin": "kept" });
    const files = "/v1/models/silent/versions/1.0.0/files";
    proxy.disturb(() => new Promise(() => {}));
    const started = Date.now();
    const answers = await Promise.all([
      call("PUT", `${files}/small.bin`, { bytes: "new", timeoutMs: 120_000 }),
      call("PUT", `${files}/large.bin`, { bytes: randomBytes(20 * 1024 ** 2), timeoutMs: 120_000 }),
      call("GET", `${files}/kept.bin`, { timeoutMs: 120_000 }),
    ]);
    const elapsedMs = Date.now() - started;
    proxy.disturb(null);
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
    expect(elapsedMs).toBeLessThan(110_000);
    expect((await call("GET", files)).json.items.map(({ path }: { path: string }) => path)).toEqual(["kept.bin"]);
    expect((await call("PUT", `${files}/small.bin`, { bytes: "new" })).status).toBe(201);
  }, 240_000);

  /** A process and its end, with all that it said. */
  async function start(name: "api" | "worker", more: Record<string, string>): Promise<Child & { said: string[] }> {
    const said: string[] = [];
    const env = environmentOf(service, { ...more, SLIPWAY_PORT: "0" });
    const args = ["--enable-source-maps", programPath(name)];
    const child = await startChild(
      { name, command: process.execPath, args, env, stopSignal: "SIGTERM", sends: true },
      { ledger: openLedger(join(temporaryFolder(), "processes.json")), onLine: (line) => said.push(line) },
    );
    whenDone(() => child.stop(0));
    return Object.assign(child, { said });
  }

  it.each(["api", "worker"] as const)("that is not there ends %s with code 1 and one line", async (name) => {
    const { exited, said } = await start(name, { SLIPWAY_S3_BUCKET: `none-${randomBytes(6).toString("hex")}` });
    expect(await exited).toEqual({ code: 1, signal: null });
    expect(said.filter((line) => !line.startsWith("{"))).toEqual([
      expect.stringMatching(/^there is no bucket "none-\w+" at http:.*: make it, or set SLIPWAY_S3_BUCKET to another$/),
    ]);
  });

  it.each(["api", "worker"] as const)("that is away at the start of %s is checked when it answers", async (name) => {
    const AWS_SECRET_ACCESS_KEY = randomBytes(20).toString("hex");
    proxy.cut();
    const { exited, said, line } = await start(name, { AWS_SECRET_ACCESS_KEY });
    await line(name === "api" ? /^listening$/ : /worker ready/, 60_000);
    expect(await line(/the bucket is checked when its part answers/, 60_000)).toMatch(/"error":"/);
    proxy.open();
    expect(await exited).toEqual({ code: 1, signal: null });
    expect(said.at(-1)).toMatch(/^S3 at http:.* does not take the credentials \(SignatureDoesNotMatch\)$/);
    expect(said.join("\n")).not.toContain(AWS_SECRET_ACCESS_KEY);
  });
});
