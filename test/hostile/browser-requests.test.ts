import { describe, expect, it } from "vitest";
import { expectRefused } from "#test/aftermath.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { exchange } from "#test/wire.ts";

/* What a browser sends for a page of another site, header by header as Chromium does. */

const service = await testService();
const { port } = service;
await draftOf(service, "browsed", "1.0.0", { "index.html": "<script>alert(1)</script>" });

const here = `Host: 127.0.0.1:${port}`;
const fetched = (site: string, mode: string, dest: string): string =>
  `Sec-Fetch-Site: ${site}\r\nSec-Fetch-Mode: ${mode}\r\nSec-Fetch-Dest: ${dest}`;
const evil = "Origin: http://evil.test";
const json = '{"name":"by-a-page"}';

function request(line: string, headers: string, body = ""): string {
  const length = body === "" ? "" : `Content-Length: ${body.length}\r\n`;
  return `${line} HTTP/1.1\r\n${headers}\r\n${length}\r\n${body}`;
}

const multipart = `--x\r\nContent-Disposition: form-data; name="file"; filename="a.tar"\r\n\r\n${json}\r\n--x--\r\n`;
const requests: [what: string, request: string][] = [
  ["fetch, to read", request("GET /v1/models", `${here}\r\n${evil}\r\n${fetched("cross-site", "cors", "empty")}`)],
  ["fetch without CORS, to read", request("GET /v1/models", `${here}\r\n${fetched("cross-site", "no-cors", "empty")}`)],
  [
    "fetch, to write JSON as text",
    request(
      "POST /v1/models",
      `${here}\r\n${evil}\r\nContent-Type: text/plain;charset=UTF-8\r\n${fetched("cross-site", "no-cors", "empty")}`,
      json,
    ),
  ],
  [
    "a beacon",
    request(
      "POST /v1/models",
      `${here}\r\n${evil}\r\nContent-Type: application/json\r\n${fetched("cross-site", "no-cors", "empty")}`,
      json,
    ),
  ],
  [
    "the question before a write",
    request(
      "OPTIONS /v1/models",
      `${here}\r\n${evil}\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type\r\nAccess-Control-Request-Private-Network: true\r\n${fetched("cross-site", "cors", "empty")}`,
    ),
  ],
  [
    "a form",
    request(
      "POST /v1/models/browsed/versions/1.0.0/seal",
      `${here}\r\n${evil}\r\nContent-Type: application/x-www-form-urlencoded\r\n${fetched("cross-site", "navigate", "document")}\r\nSec-Fetch-User: ?1`,
      "a=b",
    ),
  ],
  [
    "a form of plain text",
    request(
      "POST /v1/models",
      `${here}\r\n${evil}\r\nContent-Type: text/plain\r\n${fetched("cross-site", "navigate", "document")}`,
      `${json}=`,
    ),
  ],
  [
    "a form with a file",
    request(
      "POST /v1/models/browsed/versions?version=2.0.0",
      `${here}\r\n${evil}\r\nContent-Type: multipart/form-data; boundary=x\r\n${fetched("cross-site", "navigate", "document")}`,
      multipart,
    ),
  ],
  [
    "a form without a body",
    request(
      "POST /v1/models/browsed/versions/1.0.0/archive",
      `${here}\r\n${evil}\r\nContent-Length: 0\r\n${fetched("cross-site", "navigate", "document")}`,
    ),
  ],
  [
    "a form of a browser that does not say where it comes from",
    request("POST /v1/models", `${here}\r\n${evil}\r\nContent-Type: text/plain`, json),
  ],
  ["a form in a sandbox", request("POST /v1/models", `${here}\r\nOrigin: null\r\nContent-Type: text/plain`, json)],
  ["an image", request("GET /v1/models/browsed", `${here}\r\n${fetched("cross-site", "no-cors", "image")}`)],
  [
    "a script",
    request(
      "GET /v1/models/browsed/versions/1.0.0/files/index.html",
      `${here}\r\n${fetched("cross-site", "no-cors", "script")}`,
    ),
  ],
  [
    "a style sheet",
    request(
      "GET /v1/models/browsed/versions/1.0.0/files/index.html",
      `${here}\r\n${fetched("cross-site", "no-cors", "style")}`,
    ),
  ],
  ["a frame", request("GET /docs/", `${here}\r\n${fetched("cross-site", "navigate", "iframe")}`)],
  [
    "a link",
    request(
      "GET /v1/models/browsed/versions/1.0.0/files/index.html",
      `${here}\r\n${fetched("cross-site", "navigate", "document")}\r\nSec-Fetch-User: ?1`,
    ),
  ],
  [
    "a page that is fetched ahead",
    request(
      "GET /docs/",
      `${here}\r\nSec-Purpose: prefetch;prerender\r\n${fetched("cross-site", "navigate", "document")}`,
    ),
  ],
  [
    "an event source",
    request(
      "GET /v1/builds/none/log",
      `${here}\r\n${evil}\r\nAccept: text/event-stream\r\n${fetched("cross-site", "cors", "empty")}`,
    ),
  ],
  [
    "a WebSocket",
    request(
      "GET /v1/models",
      `${here}\r\n${evil}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==`,
    ),
  ],
  [
    "a page on another port of this machine",
    request("GET /v1/models", `${here}\r\nOrigin: http://127.0.0.1:1\r\n${fetched("same-site", "cors", "empty")}`),
  ],
  [
    "a page of a name that was bent to this machine",
    request("GET /v1/models", `Host: evil.test:${port}\r\n${fetched("same-origin", "cors", "empty")}`),
  ],
  [
    "a write of a name that was bent to this machine",
    request(
      "POST /v1/models",
      `Host: evil.test:${port}\r\nOrigin: http://evil.test:${port}\r\nContent-Type: application/json\r\n${fetched("same-origin", "cors", "empty")}`,
      json,
    ),
  ],
  ["a name below localhost", request("GET /v1/models", `Host: evil.localhost:${port}`)],
  ["a name that begins like this machine's", request("GET /v1/models", `Host: 127.0.0.1.evil.test:${port}`)],
  ["a name that hides behind an @", request("GET /v1/models", `Host: localhost:1@evil.test:${port}`)],
  ["localhost with a dot behind it", request("GET /v1/models", `Host: localhost.:${port}`)],
  ["all addresses", request("GET /v1/models", `Host: 0.0.0.0:${port}`)],
  ["an address as one number", request("GET /v1/models", `Host: 2130706433:${port}`)],
  ["no host at all, by an empty name", request("GET /v1/models", "Host: ")],
];

describe("a page of another site", () => {
  it.each(requests)("gets nothing and changes nothing by %s", async (_, wire) => {
    const answer = await expectRefused(service, 403, async () => (await exchange(port, wire, { enough: 1 })).at(0));
    expect(answer.json.type).toBe("/problems/request_refused");
    expect(answer.headers["cross-origin-resource-policy"]).toBe("same-origin");
    expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control-"))).toEqual([]);
  });
});

describe("a file that a user uploaded", () => {
  it.each(["index.html", "picture.svg", "page.xhtml", "code.js", "style.css", "report.pdf", "feed.xml"])(
    "is nothing that a browser shows or runs: %s",
    async (name) => {
      const path = `/v1/models/browsed/versions/1.0.0/files/shown/${name}`;
      await service.call("PUT", path, { bytes: "<script>alert(1)</script>", headers: { "content-type": "text/html" } });
      for (const method of ["GET", "HEAD"] as const)
        expect((await service.call(method, path)).headers).toMatchObject({
          "content-type": "application/octet-stream",
          "content-disposition": `attachment; filename=${name}`,
          "content-security-policy": "default-src 'none'; sandbox",
          "x-content-type-options": "nosniff",
          "cross-origin-resource-policy": "same-origin",
        });
      const missing = await service.call("GET", `${path}%3Cscript%3Ealert(1)%3C%2Fscript%3E`);
      expect([missing.status, missing.headers["content-type"]]).toEqual([
        404,
        expect.stringContaining("application/problem+json"),
      ]);
    },
  );
});
