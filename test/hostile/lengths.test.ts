import { describe, expect, it } from "vitest";
import { expectNothingChanged, expectProblem, kept } from "#test/aftermath.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { exchange } from "#test/wire.ts";

const service = await testService();
const { port } = service;
await draftOf(service, "lengths", "1.0.0", { a: "kept" });

const put = "PUT /v1/models/lengths/versions/1.0.0/files/b HTTP/1.1\r\nHost: localhost\r\n";
const post = "POST /v1/models HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
const archive =
  "POST /v1/models/lengths/versions?version=2.0.0 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-tar\r\n";
/** What would be lost if a part of the body were taken for the next request. */
const smuggled = "DELETE /v1/models/lengths/versions/1.0.0 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";

/** Two readers of one of these do not agree on where the request ends (RFC 9112 §6.3 and §11.2). */
const ambiguous: [what: string, framing: string][] = [
  ["a length and chunks", `Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`],
  ["chunks and a length", `Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${smuggled}`],
  ["two lengths", `Content-Length: 0\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`],
  ["two lengths in one", `Content-Length: 0, ${smuggled.length}\r\n\r\n${smuggled}`],
  ["a length with a sign", `Content-Length: +5\r\n\r\nabcde${smuggled}`],
  ["a negative length", `Content-Length: -5\r\n\r\nabcde${smuggled}`],
  ["a hexadecimal length", `Content-Length: 0x5\r\n\r\nabcde${smuggled}`],
  ["a length with a fraction", `Content-Length: 5.0\r\n\r\nabcde${smuggled}`],
  ["a length beyond 2^64", `Content-Length: 18446744073709551617\r\n\r\na${smuggled}`],
  ["an empty length", `Content-Length:\r\n\r\n${smuggled}`],
  ["a space before the colon", `Content-Length : 5\r\n\r\nabcde${smuggled}`],
  ["chunked with a space before the colon", `Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${smuggled}`],
  ["a coding after chunked", `Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${smuggled}`],
  ["a coding that nobody knows", `Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`],
  ["chunked twice", `Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`],
  ["chunked in quotes", `Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n${smuggled}`],
  ["a folded header", `Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${smuggled}`],
  ["a bare line feed", `Content-Length: 5\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`],
  ["a vertical tab", `Transfer-Encoding:\u000bchunked\r\n\r\n0\r\n\r\n${smuggled}`],
  [
    "a chunk's size beyond 2^64",
    `Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nabcde\r\n0\r\n\r\n${smuggled}`,
  ],
  ["a negative chunk", `Transfer-Encoding: chunked\r\n\r\n-5\r\nabcde\r\n0\r\n\r\n${smuggled}`],
  ["a chunk with a sign", `Transfer-Encoding: chunked\r\n\r\n+5\r\nabcde\r\n0\r\n\r\n${smuggled}`],
  ["a chunk in the form 0x5", `Transfer-Encoding: chunked\r\n\r\n0x5\r\nabcde\r\n0\r\n\r\n${smuggled}`],
  ["a chunk longer than it says", `Transfer-Encoding: chunked\r\n\r\n2\r\nabcde\r\n0\r\n\r\n${smuggled}`],
  ["chunks parted by a line feed", `Transfer-Encoding: chunked\r\n\r\n5\nabcde\n0\n\n${smuggled}`],
  [
    "100 KiB behind a chunk's size",
    `Transfer-Encoding: chunked\r\n\r\n5;${"x".repeat(100_000)}\r\nabcde\r\n0\r\n\r\n${smuggled}`,
  ],
];

describe("the length of a body", () => {
  it.each(
    ambiguous.flatMap(([what, framing]) => [
      [what, "a file", put + framing],
      [what, "JSON", post + framing],
      [what, "an archive", archive + framing],
    ]),
  )("given by %s, of %s, is refused and hides no other request", async (_what, _of, wire) => {
    const before = await kept(service);
    const answers = await exchange(port, wire, { silentMs: 45_000 }); // it is closed before
    expect(answers.map(({ status }) => status)).toEqual([expect.toBeOneOf([400, 413, 431])]);
    for (const answer of answers) expectProblem(answer);
    expect(answers[0]?.headers["connection"]).toBe("close");
    await expectNothingChanged(service, before);
  });

  it.each([
    ["a file", put],
    ["an archive", archive],
    ["JSON", post],
  ])("is more than came: %s is not kept", async (_, head) => {
    const before = await kept(service);
    for (const framing of [
      "Content-Length: 100\r\n\r\n{",
      "Transfer-Encoding: chunked\r\n\r\n64\r\n{",
      "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    ]) {
      await exchange(port, head + framing, { leave: true });
      await expectNothingChanged(service, before);
    }
  });

  it("is less than came: the rest is no part of the file, and no request", async () => {
    const answers = await exchange(port, `${put}Content-Length: 3\r\n\r\nabcdef\r\n\r\n`, { silentMs: 45_000 });
    expect(answers.map(({ status }) => status)).toEqual([201, 400]);
    const read = await service.call("GET", "/v1/models/lengths/versions/1.0.0/files/b");
    expect(read.bytes.toString()).toBe("abc");
    await service.call("DELETE", "/v1/models/lengths/versions/1.0.0/files/b");
  });

  it("is no matter to a GET: its body is thrown away and no request of its own", async () => {
    const before = await kept(service);
    const get = `GET /v1/models HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`;
    const next = "GET /v1/nothing HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const answers = await exchange(port, get + next, { enough: 2 });
    expect(answers.map(({ status }) => status)).toEqual([200, 404]);
    await expectNothingChanged(service, before);
  });

  it("is kept apart in a line of requests on one connection, of which the first four are taken", async () => {
    const wire = Array.from(
      { length: 100 },
      (_, index) => `GET /v1/models/lengths/versions?limit=${index} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    );
    const answers = await exchange(port, wire.join(""), { enough: 5 });
    expect(answers.slice(0, 5).map(({ status }) => status)).toEqual([400, 200, 200, 200, 429]);
  });

  it("that is huge and never comes holds no memory", async () => {
    const before = await kept(service);
    const answers = await exchange(port, `${post}Content-Length: 1000000000000\r\n\r\n{`, { enough: 1 });
    expect(answers.map(({ status, json }) => [status, json.type])).toEqual([[413, "/problems/body_too_large"]]);
    await expectNothingChanged(service, before);
  });
});
