import { connect } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import fastify from "fastify";
import { afterAll, describe, expect, it } from "vitest";
import { answerError } from "#api/problem.ts";
import { takeAnyBody, withUpload } from "#api/request-body.ts";

/* The service looks at a minute and at 60 KiB; here it is a quarter of a second and 60 bytes. */
const app = fastify();
app.setErrorHandler(answerError);
app.decorate("abandoning", new AbortController().signal);
app.decorate("redact", (text) => text);
takeAnyBody(app);
app.put("/upload", (request) =>
  withUpload(
    request,
    async ({ body }) => {
      const bytes = await buffer(body);
      await sleep(1_000);
      return { sizeBytes: bytes.length };
    },
    { windowMs: 250, bytes: 60 },
  ),
);
const port = Number(new URL(await app.listen({ port: 0, host: "127.0.0.1" })).port);
afterAll(() => app.close());

describe("an upload", () => {
  it("that stalls is given up with a reason, and its connection is closed", async () => {
    const answer = await put(100, "only this");
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain("/problems/body_too_slow");
  });

  it("that has all come may be worked on for longer than it may stall", async () => {
    const answer = await put(4, "all!");
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toContain('{"sizeBytes":4}');
  });
});

/** Sends a body and waits for the connection to end, a minute at most. */
function put(announcedBytes: number, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let answer = "";
    socket.setTimeout(60_000, () => reject(new Error(`no end within a minute, after "${answer}"`)));
    socket.on("data", (bytes) => {
      answer += bytes.toString();
      if (answer.includes("sizeBytes")) socket.end();
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(answer));
    socket.write(`PUT /upload HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${announcedBytes}\r\n\r\n${body}`);
  });
}
