import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { mostAtWork, mostConnections } from "#api/connections.ts";
import { expectNothingChanged, kept } from "#test/aftermath.ts";
import { flood } from "#test/flood.ts";
import { memoryIsReadable, memoryOf } from "#test/process-memory.ts";
import { apiProcess } from "#test/service-processes.ts";
import { archiveOf, entry } from "#test/tar-blocks.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";
import { exchange } from "#test/wire.ts";

const service = await testService();
const { process: api, port } = await apiProcess(service, { LOG_LEVEL: "warn" });
const mebibyte = 1024 * 1024;
/** What floods would take without limits is gigabytes; V8 lets some hundred megabytes lie before it collects them. */
const boundBytes = 250 * mebibyte;
let idleBytes = 0;

beforeAll(async () => {
  await draftOf(service, "flooded", "1.0.0", { big: Buffer.alloc(4 * mebibyte) });
  // The first requests load what is loaded once.
  for (let count = 0; count < 50; count += 1) await ask("GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n");
  idleBytes = memoryOf(api.pid).nowBytes;
});

const json = (bytes: number) =>
  `POST /v1/models HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${bytes}\r\n\r\n`;

async function ask(wire: string): Promise<number> {
  const [answer] = await exchange(port, wire.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"), { enough: 1 });
  return answer?.status ?? 0;
}

/** Peak since the process started: what came before is in it as well. */
function expectMemoryBounded(): void {
  const { peakBytes } = memoryOf(api.pid);
  const mebibytes = (bytes: number) => Math.round(bytes / mebibyte);
  console.log(`resident: ${mebibytes(idleBytes)} MiB idle, ${mebibytes(peakBytes)} MiB at most`);
  expect(peakBytes).toBeLessThan(idleBytes + boundBytes);
}

describe.skipIf(!memoryIsReadable)("a flood", () => {
  it.each([
    ["connections that never say a word", ""],
    ["half-open requests", "GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX-Long: "],
  ])("of %s leaves room for the next request", async (_, bytes) => {
    const before = await kept(service);
    const { sockets } = await flood(port, mostConnections + 1_000, bytes);
    for (let count = 0; count < 5; count += 1) {
      const start = Date.now();
      expect(await ask("GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n")).toBe(200);
      // Those that say nothing are let go after 15 s at the earliest.
      expect(Date.now() - start).toBeLessThan(10_000);
    }
    await waitUntil("those too many are let go", async () => sockets.filter(({ closed }) => closed).length >= 1_000);
    expectMemoryBounded();
    await expectNothingChanged(service, before);
  });

  it("of connections does not end an upload that is being sent", async () => {
    const upload = connect(port, "127.0.0.1");
    let answer = "";
    upload.on("error", () => {}); // being thrown out is what is looked at
    upload.on("data", (text) => {
      answer += text.toString();
    });
    upload.write(
      "PUT /v1/models/flooded/versions/1.0.0/files/up HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n",
    );
    await waitUntil("the upload is taken up", async () => answer === "HTTP/1.1 100 Continue\r\n\r\n");
    upload.write("12345");
    await flood(port, mostConnections + 500, "");
    upload.write("67890");
    await waitUntil("the upload is answered", async () => answer.includes(" 201 ") || upload.closed);
    upload.destroy();
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 201 /);
  });

  it("of requests at work leaves probes their answer, and tells others to come again", async () => {
    const before = await kept(service);
    const { sockets, heard } = await flood(port, mostConnections + 100, `${json(10)}{"na`);
    const waiting = () => sockets.filter(({ closed }, index) => !closed && heard[index] === undefined).length;
    await waitUntil("those past the limit are answered or let go", async () => waiting() === mostAtWork);
    expect(heard.some((text) => text?.startsWith("HTTP/1.1 503 "))).toBe(true);
    for (let count = 0; count < 5; count += 1) {
      expect(await ask("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")).toBe(200);
      expect(await ask("GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")).toBe(200);
    }
    const [answer] = await exchange(port, "GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n", { enough: 1 });
    expect(answer).toMatchObject({
      status: 503,
      headers: { "retry-after": "2" },
      json: { type: "/problems/unavailable" },
    });
    expect(waiting()).toBe(mostAtWork);
    for (const socket of sockets) socket.destroy();
    await waitUntil(
      "there is room again",
      async () => (await ask("GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n")) === 200,
    );
    expectMemoryBounded();
    await expectNothingChanged(service, before);
  });

  it("of large JSON bodies that never end is turned away before it fills the memory", async () => {
    const before = await kept(service);
    const { heard } = await flood(port, 200, `${json(2 * mebibyte - 1)}{"name":"${"x".repeat(1_900_000)}`);
    await waitUntil("some are turned away", async () => heard.some((text) => text.startsWith("HTTP/1.1 429 ")));
    const large = JSON.stringify({ name: "x".repeat(1_900_000) });
    expect(await ask(json(large.length) + large)).toBe(429);
    expect(await ask(`${json(2)}{}`)).toBe(400);
    expect(await ask("GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n")).toBe(200);
    expectMemoryBounded();
    await expectNothingChanged(service, before);
  });

  it("of deep and of wide JSON is refused one by one", async () => {
    const before = await kept(service);
    const bodies = [
      "[".repeat(100_000) + "]".repeat(100_000),
      `{"name":"a","x":[${"[],".repeat(600_000)}[]]}`,
      `{${Array.from({ length: 150_000 }, (_, index) => `"k${index}":1`).join(",")}}`,
    ];
    for (let round = 0; round < 10; round += 1)
      expect(await Promise.all(bodies.map((body) => ask(json(body.length) + body)))).toEqual([400, 400, 400]);
    expectMemoryBounded();
    await expectNothingChanged(service, before);
  });

  it("of requests whose answers nobody reads stays at the sender's", async () => {
    const before = await kept(service);
    const { sockets } = await flood(
      port,
      5,
      "GET /v1/models/flooded/versions/1.0.0/files/big HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(500),
    );
    for (const socket of sockets) socket.pause();
    await sleep(3_000);
    expect(await ask("GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n")).toBe(200);
    expectMemoryBounded();
    await expectNothingChanged(service, before);
  });

  it("of uploads that stop half-way keeps nothing in memory", async () => {
    const before = await kept(service);
    const head =
      "PUT /v1/models/flooded/versions/1.0.0/files/half HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n";
    const { sockets } = await flood(port, 200, Buffer.concat([Buffer.from(head), Buffer.alloc(mebibyte, 1)]));
    await sleep(2_000);
    expect(await ask("GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n")).toBe(200);
    expectMemoryBounded();
    for (const socket of sockets) socket.resetAndDestroy();
    await expectNothingChanged(service, before);
  });
});

describe.skipIf(!memoryIsReadable)("a bomb", () => {
  it.each([
    [
      "one gibibyte of zeros in a file of a tar.gz",
      () => gzipSync(archiveOf(entry({ name: "zeros" }, Buffer.alloc(1024 * mebibyte)))),
    ],
    [
      "one gibibyte of zeros behind a tar.gz's end",
      () => gzipSync(archiveOf(entry({ name: "a" }), Buffer.alloc(1024 * mebibyte))),
    ],
  ])("of %s is put out", async (_, make) => {
    const before = await kept(service);
    const bomb = make();
    const head = `POST /v1/models/flooded/versions?version=2.0.0 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`;
    const [answer] = await exchange(port, [head, bomb], { enough: 1 });
    expect([answer?.status, answer?.json.detail]).toEqual([422, expect.stringContaining("100 times as large")]);
    expectMemoryBounded();
    await expectNothingChanged(service, before);
  });

  it("of headers that each entry of an archive drags along holds nobody up", async () => {
    const records = Array.from({ length: 60_000 }, (_, index) => `12 k${String(index).padStart(5, "0")}=v\n`).join("");
    const comments = entry({ type: "g", name: "g" }, records);
    const entries = Array.from({ length: 2_000 }, (_, index) =>
      Buffer.concat([entry({ type: "x" }, "7 a=bc\n"), entry({ type: "5", name: `d${index}/` })]),
    );
    const bytes = archiveOf(comments, ...entries);
    const head = `POST /v1/models/flooded/versions?version=2.0.0 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/x-tar\r\nContent-Length: ${bytes.length}\r\n\r\n`;
    const uploading = exchange(port, [head, bytes], { enough: 1 });
    const start = Date.now();
    expect(await ask("GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n")).toBe(200);
    expect(Date.now() - start).toBeLessThan(10_000);
    expect((await uploading).map(({ status }) => status)).toEqual([422]);
    expect(Date.now() - start).toBeLessThan(60_000);
  });
});
