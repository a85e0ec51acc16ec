import { describe, expect, it } from "vitest";
import { expectNothingChanged, expectProblem, expectRefused, kept } from "#test/aftermath.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { exchange } from "#test/wire.ts";

const service = await testService();
const { call, port } = service;
await draftOf(service, "headed", "1.0.0", { a: "0123456789" });
const file = "/v1/models/headed/versions/1.0.0/files/a";

describe("headers", () => {
  it.each([
    ["sha-256=:AAAA:"],
    ["sha-256=abc"],
    ["sha-256=?1"],
    ["sha-256=:****:"],
    ["sha-256"],
    [`sha-256=:${"A".repeat(12_000)}:`],
    [`sha-256=:${Buffer.alloc(33).toString("base64")}:`],
    ["%%%"],
    [","],
    ["sha-256=(1 2"],
  ])("refuses the Content-Digest %s", async (digest) => {
    await expectRefused(service, 400, () => call("PUT", file, { bytes: "x", headers: { "content-digest": digest } }));
  });

  it.each(["99999999999999999999", "x", "-1", "1e9", "1 2"])(
    "refuses the Last-Event-ID %s or the build",
    async (id) => {
      const headers = { accept: "text/event-stream", "last-event-id": id };
      await expectRefused(service, 404, () => call("GET", "/v1/builds/none/log", { headers }));
    },
  );

  it.each(["3", '"3', '"1", 2', "W/", '"""'])("refuses the If-Match %s", async (etag) => {
    await expectRefused(service, 400, () =>
      call("DELETE", "/v1/models/headed/tags/prod", { headers: { "if-match": etag } }),
    );
  });

  it.each([
    ["bytes=10-", 416],
    ["bytes=99999999999999999999-", 416],
    ["bytes=-0", 416],
    ["bytes=0-1,3-4", 416],
    [`bytes=${Array.from({ length: 3_000 }, () => "0-").join(",")}`, 416],
  ])("refuses the range %s", async (range, status) => {
    await expectRefused(service, status, () => call("GET", file, { headers: { range } }));
  });

  it.each([
    "bytes",
    "bytes=",
    "bytes=a-b",
    "bytes=-",
    "bytes=5-2",
    "BYTES=1-2;",
    "chars=1-2",
    "=",
    "bytes=1-2-3",
    "bytes=-5-",
  ])("sends part or all of a file, and never an error, for the range %s", async (range) => {
    const answer = await call("GET", file, { headers: { range } });
    expect([200, 206, 416]).toContain(answer.status);
    if (answer.status === 200) expect(answer.bytes.toString()).toBe("0123456789");
  });

  it.each(["gzip", "br", "deflate", "gzip, identity", "x-none", "GZIP"])(
    "refuses a body in the coding %s, wherever it is sent",
    async (coding) => {
      const headers = { "content-encoding": coding };
      await expectRefused(service, 415, () => call("PUT", file, { bytes: "x", headers }));
      await expectRefused(service, 415, () => call("POST", "/v1/models", { json: { name: "coded" }, headers }));
      const archive = { ...headers, "content-type": "application/x-tar" };
      await expectRefused(service, 415, () =>
        call("POST", "/v1/models/headed/versions?version=2.0.0", { bytes: "x", headers: archive }),
      );
    },
  );

  it.each(["200-ok", "100-continue, more", "x"])("refuses to be expected to do %s", async (expectation) => {
    const answer = await expectRefused(service, 417, async () =>
      (
        await exchange(port, `GET /v1/models HTTP/1.1\r\nHost: localhost\r\nExpect: ${expectation}\r\n\r\n`, {
          enough: 1,
        })
      ).at(0),
    );
    expect(answer.headers["x-request-id"]).toBe(answer.json.instance);
  });

  it("takes no client's word for a request's id that a log cannot hold", async () => {
    for (const id of ["a b", "x".repeat(129), '"}', "\u00ff"]) {
      const { headers } = await call("GET", "/healthz", { headers: { "x-request-id": id } });
      expect(headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it.each([
    ["3,000 of them", Array.from({ length: 3_000 }, (_, index) => `x-${index}: y`).join("\r\n"), 431],
    ["one of 64 KiB", `x: ${"y".repeat(65_536)}`, 431],
    ["a name of 64 KiB", `${"x".repeat(65_536)}: y`, 431],
    ["a NUL in a value", "x: a\0b", 400],
    ["a space in a name", "x y: z", 400],
    ["no colon", "nothing", 400],
    ["an empty name", ": x", 400],
    ["a bare carriage return", "x: a\rb: c", 400],
    ["two hosts", "Host: evil.example", 400],
    ["two hosts that are the same", "Host: localhost", 400],
  ])("refuses headers with %s", async (_, header, status) => {
    await expectRefused(service, status, async () =>
      (
        await exchange(port, `GET /v1/models HTTP/1.1\r\nHost: localhost\r\n${header}\r\n\r\n`, {
          enough: 1,
        })
      ).at(0),
    );
  });

  it.each([
    ["another method", "FROB /v1/models HTTP/1.1", 400],
    ["TRACE", "TRACE /v1/models HTTP/1.1", 405],
    ["OPTIONS", "OPTIONS /v1/models HTTP/1.1", 405],
    ["a WebDAV method", "PROPFIND /v1/models HTTP/1.1", 404],
    ["HTTP/3", "GET /v1/models HTTP/3.0", 400],
    ["HTTP/0.9", "GET /v1/models", 400],
    ["HTTP/2 without asking", "PRI * HTTP/2.0", 400],
    ["a URL of another host", "GET http://evil.example/v1/models HTTP/1.1", 403],
    ["a URL that is none", "GET http:/v1/models HTTP/1.1", 400],
    ["no path", "GET v1/models HTTP/1.1", 400],
    ["a star", "OPTIONS * HTTP/1.1", 404],
    ["a URL of 64 KiB", `GET /v1/models?q=${"a".repeat(65_536)} HTTP/1.1`, 431],
    ["a control character in the URL", "GET /v1/models?q=\u0001 HTTP/1.1", 400],
    ["another byte than ASCII in the URL", "GET /v1/models/\u00e4 HTTP/1.1", 400],
  ])("refuses a first line with %s", async (_, line, status) => {
    const answer = await expectRefused(service, status, async () =>
      (await exchange(port, `${line}\r\nHost: localhost\r\n\r\n`, { enough: 1 })).at(0),
    );
    expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
    if (status === 405) expect(answer.headers["allow"]).toBe("GET, HEAD, POST");
  });

  it("opens no tunnel and no WebSocket", async () => {
    const before = await kept(service);
    const tunnel = "CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    expect(await exchange(port, tunnel, { silentMs: 45_000 })).toEqual([]); // it is closed before
    const [answer] = await exchange(
      port,
      "GET /v1/nothing HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n\r\n",
      { enough: 1 },
    );
    expect(answer?.status).toBe(404);
    expectProblem(answer ?? { status: 0, headers: {}, json: null });
    await expectNothingChanged(service, before);
  });
});

describe("a query", () => {
  it.each([
    ["limit=0"],
    ["limit=-1"],
    ["limit=1.5"],
    ["limit=NaN"],
    ["limit="],
    ["limit=1&limit=2"],
    ["limit=%D9%A1"],
    ["limit[]=1"],
    ["limit[$gt]=1"],
    ["cursor="],
    ["cursor=%00"],
    ["cursor=bnVsbA"],
    ["cursor=WyJtb2RlbHMiLCJhXHUwMDAwIl0"],
    [`cursor=${"A".repeat(4_001)}`],
    ["cursor=WyJ0YWdzIiwiYSJd"],
    ["cursor=a&cursor=b"],
    ["q=a&q=b"],
    [`q=${"a".repeat(201)}`],
    ["q=%00"],
    ["label=%00"],
    ["label="],
    ["label=a%20b"],
    ["label=%2e%2e=1"],
    ["lable=a"],
    ["__proto__=1"],
    ["constructor=1"],
    ["=1"],
    ["q[__proto__]=1"],
  ])("of %s is refused", async (query) => {
    await expectRefused(service, 400, () => call("GET", `/v1/models?${query}`));
  });

  it("of a parameter that is not there is refused with the one that was meant", async () => {
    const answer = await expectRefused(service, 400, () => call("GET", "/v1/models?lable=team"));
    expect(answer.json.detail).toBe('querystring: "lable" is not a parameter here (did you mean "label"?)');
    await expectRefused(service, 400, () => call("GET", "/v1/models/headed?verbose=1"));
    await expectRefused(service, 400, () => call("DELETE", "/v1/models/headed?force=true"));
    await expectRefused(service, 400, () => call("PUT", `${file}?version=1`, { bytes: "x" }));
  });

  it.each([
    "metadata={",
    "metadata=[]",
    "metadata=1",
    "metadata=%7B%22a%22:1,%22a%22:2%7D",
    "metadata=%7B%22__proto__%22:%7B%7D%7D",
    "label=a",
    "label=%20=b",
    `description=${"a".repeat(9_000)}&metadata={`,
  ])("of an archive with %s is refused", async (query) => {
    const archive = { bytes: "x", headers: { "content-type": "application/x-tar" } };
    await expectRefused(service, query === "label=%20=b" ? 422 : 400, () =>
      call("POST", `/v1/models/headed/versions?version=3.0.0&${query}`, archive),
    );
  });
});
