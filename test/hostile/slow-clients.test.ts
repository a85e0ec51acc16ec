import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { expectNothingChanged, expectProblem, kept } from "#test/aftermath.ts";
import { archiveOf, entry } from "#test/tar-blocks.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { parseAnswers, type WireAnswer } from "#test/wire.ts";

const service = await testService();
const { call, port } = service;
await draftOf(service, "slow", "1.0.0");
const before = await kept(service);

const put = "PUT /v1/models/slow/versions/1.0.0/files/a HTTP/1.1\r\nHost: localhost\r\n";
const post = "POST /v1/models HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
const archive =
  "POST /v1/models/slow/versions?version=2.0.0 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-tar\r\n";
const nowhere = "PUT /v1/models/nowhere/versions/1.0.0/files/a HTTP/1.1\r\nHost: localhost\r\n";
const length = "Content-Length: 1000000\r\n\r\n";

/** Longer than the service waits for anything. */
const patienceMs = 80_000;

/** Sends the bytes and then one more a second until the other side ends the connection. */
async function trickle(bytes: string | Buffer): Promise<{ answers: WireAnswer[]; seconds: number }> {
  const start = Date.now();
  const socket = connect(port, "127.0.0.1");
  const timer = setInterval(() => socket.write("a"), 1_000);
  let read = "";
  socket.setEncoding("latin1").on("data", (text: string) => {
    read += text;
  });
  socket.on("error", () => {}); // being cut off is what is looked at; "close" follows
  const end = setTimeout(() => socket.destroy(), patienceMs);
  socket.write(bytes);
  await new Promise((resolve) => socket.once("close", resolve));
  clearInterval(timer);
  clearTimeout(end);
  return { answers: parseAnswers(read), seconds: (Date.now() - start) / 1_000 };
}

describe.concurrent("a client that sends a byte a second", () => {
  it.each([
    ["its headers", "GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX: ", 14, 28],
    ["its first line", "GET /v1/", 14, 28],
    ["a JSON body", `${post}${length}{`, 29, 55],
    ["a file", `${put}${length}`, 59, 78],
    ["a file in chunks that never end", `${put}Transfer-Encoding: chunked\r\n\r\nf4240\r\n`, 59, 78],
    [
      "a tar",
      Buffer.concat([
        Buffer.from(archive + length),
        archiveOf(entry({ name: "a" }, "x".repeat(600))).subarray(0, 1_100),
      ]),
      59,
      78,
    ],
    [
      "a tar.gz",
      Buffer.concat([
        Buffer.from(archive + length),
        Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0, 0xff, 0xff, 0, 0]),
      ]),
      59,
      78,
    ],
  ])("is told after a while that %s came too slowly, and let go", async (_, bytes, from, to) => {
    const { answers, seconds } = await trickle(bytes);
    expect(answers.map(({ status }) => status)).toEqual([408]);
    for (const answer of answers) expectProblem(answer);
    expect([seconds >= from, seconds <= to, seconds]).toEqual([true, true, seconds]);
  });

  it("is let go also where its body is thrown away", async () => {
    const { answers, seconds } = await trickle(nowhere + length);
    expect(answers.map(({ status }) => status)).toEqual([404]);
    expect(seconds).toBeLessThan(78);
  });

  it("is let go also where it sends nothing at all", async () => {
    const start = Date.now();
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {}).resume();
    const end = setTimeout(() => socket.destroy(), patienceMs);
    await new Promise((resolve) => socket.once("close", resolve));
    clearTimeout(end);
    expect(Date.now() - start).toBeLessThan(50_000);
  });
});

describe("a client that was let go", () => {
  it("has left nothing", async () => {
    await expectNothingChanged(service, before);
  });
});

describe("a client that leaves half-way", () => {
  it.each([
    ["a file", put],
    ["an archive", archive],
    ["JSON", post],
  ])("leaves nothing of %s", async (_, head) => {
    const whole = archiveOf(entry({ name: "a" }, Buffer.alloc(300_000)), entry({ name: "b" }, Buffer.alloc(300_000)));
    for (const share of [0, 0.1, 0.3, 0.5, 0.7, 0.95]) {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => {}).resume();
      socket.write(`${head}Content-Length: ${whole.length}\r\n\r\n`);
      socket.write(whole.subarray(0, share * whole.length));
      await sleep(share * 100);
      if (share > 0.4) socket.resetAndDestroy();
      else socket.destroy();
    }
    await expectNothingChanged(service, before);
  });

  it("ends a download for itself alone", async () => {
    await draftOf(service, "left", "1.0.0", { big: Buffer.alloc(5_000_000) });
    const now = await kept(service);
    for (let count = 0; count < 20; count += 1) {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => {}).once("data", () => socket.resetAndDestroy());
      socket.write("GET /v1/models/left/versions/1.0.0/files/big HTTP/1.1\r\nHost: localhost\r\n\r\n");
      await new Promise((resolve) => socket.once("close", resolve));
    }
    await expectNothingChanged(service, now);
    expect((await call("GET", "/v1/models/left/versions/1.0.0/files/big")).bytes).toHaveLength(5_000_000);
  });
});
