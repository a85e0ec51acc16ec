import { readdirSync } from "node:fs";
import { createServer } from "node:http";
import { connect, type Socket } from "node:net";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { mostInLine } from "#api/connections.ts";
import { endSlowReaders } from "#api/slow-readers.ts";
import { expectNothingChanged, kept } from "#test/aftermath.ts";
import { memoryIsReadable, memoryOf } from "#test/process-memory.ts";
import { apiProcess } from "#test/service-processes.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";
import { exchange } from "#test/wire.ts";

const service = await testService();
const { process: api, port } = await apiProcess(service, { LOG_LEVEL: "warn" });
const mebibyte = 1024 * 1024;
const download = "GET /v1/models/unread/versions/1.0.0/files/big HTTP/1.1\r\nHost: localhost\r\n\r\n";

beforeAll(() => draftOf(service, "unread", "1.0.0", { big: Buffer.alloc(8 * mebibyte) }));

async function ask(wire: string): Promise<number> {
  const [answer] = await exchange(port, wire.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"), {
    silentMs: 45_000,
  });
  return answer?.status ?? 0;
}

/** Connections that send what is given and read nothing. */
function unread(at: number, count: number, bytes: string): Socket[] {
  return Array.from({ length: count }, () => {
    const socket = connect(at, "127.0.0.1").pause();
    socket.on("error", () => {}); // being cut off is what is looked at
    socket.write(bytes);
    whenDone(() => void socket.destroy());
    return socket;
  });
}

describe.skipIf(!memoryIsReadable)("answers that nobody reads", () => {
  it("hold little, however many there are, and nothing when their clients have left", async () => {
    const before = await kept(service);
    const descriptors = () => readdirSync(`/proc/${api.pid}/fd`).length;
    const [descriptorsBefore, idle] = [descriptors(), memoryOf(api.pid).nowBytes];
    const sockets = unread(port, 550, download.repeat(mostInLine));
    await sleep(4_000);
    const { peakBytes } = memoryOf(api.pid);
    console.log(`resident: ${idle / mebibyte} MiB idle, ${peakBytes / mebibyte} MiB at most`);
    expect(peakBytes).toBeLessThan(idle + 400 * mebibyte);
    expect(await ask("GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n")).toBe(200);
    // Of so many some were refused before others had ended: what is left of the room is filled.
    await waitUntil("no more downloads are taken", async () => {
      if ((await ask(download)) === 503) return true;
      sockets.push(...unread(port, 5, download));
      return false;
    });
    for (const socket of sockets) socket.resetAndDestroy();
    await waitUntil("the files are closed", async () => descriptors() < descriptorsBefore + 20);
    expect(await ask(download)).toBe(200);
    await expectNothingChanged(service, before);
  });

  it("take no room from large bodies when their clients have left with such a body in line", async () => {
    const before = await kept(service);
    const body = JSON.stringify({ name: "x", nothing: "y".repeat(1_900_000) });
    const post = `POST /v1/models HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const sockets = unread(port, 12, download + post);
    await sleep(3_000);
    for (const socket of sockets) socket.resetAndDestroy();
    await waitUntil("a large body is looked at again", async () => (await ask(post)) === 400);
    await expectNothingChanged(service, before);
  });
});

it("A client that takes nothing of its answer is let go, and one that takes little is not", async () => {
  const chunks = function* () {
    for (let count = 0; count < 1_024; count += 1) yield Buffer.alloc(mebibyte / 16);
  };
  const server = createServer((_, response) => Readable.from(chunks()).pipe(response));
  endSlowReaders(server, 2_000);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  whenDone(() => void server.close());
  const { port: at } = server.address() as { port: number };
  const [silent] = unread(at, 1, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const slow = connect(at, "127.0.0.1");
  whenDone(() => void slow.destroy());
  let slowIsCut = false;
  slow.once("close", () => {
    slowIsCut = true;
  });
  slow.on("data", () => {
    slow.pause();
    setTimeout(() => slow.resume(), 5);
  });
  slow.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const open = () => new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)));
  await waitUntil("the silent one is let go", async () => (await open()) === 1);
  expect([silent?.destroyed, slowIsCut]).toEqual([false, false]);
});
