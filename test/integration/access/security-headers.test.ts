import { describe, expect, it } from "vitest";
import { securityHeaders } from "#api/security-headers.ts";
import { guardedService } from "#test/access.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { exchange } from "#test/wire.ts";

const service = await guardedService();
const { admin, call, port } = service;

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

/** As they are said, here once more: a change of them is one of this test. */
const expected = {
  "x-content-type-options": "nosniff",
  "cross-origin-resource-policy": "same-origin",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};

async function everyPath(): Promise<string[]> {
  const { json } = await call("GET", "/openapi.json");
  const paths = Object.keys(json.paths).map((path) => path.replaceAll(/\{\w+\}/g, "none"));
  expect(paths.length).toBeGreaterThan(20);
  return [...paths, "/openapi.json", "/problems/not_found", "/problems/none", "/nothing", "/v1/nothing", "/v1"];
}

describe("every answer", () => {
  it("says all that a browser has to be told, on each route, by each method, with a token and without", async () => {
    expect(securityHeaders).toEqual(expected);
    const seen = new Set<number>();
    for (const path of await everyPath())
      for (const method of methods)
        for (const ask of [admin, call]) {
          const { status, headers } = await ask(method, path);
          seen.add(status);
          expect({ method, path, status, headers }).toMatchObject({ headers: expected });
          expect(headers).toHaveProperty("x-request-id");
          expect(headers).not.toHaveProperty("server");
          expect(headers).not.toHaveProperty("x-powered-by");
          expect(headers).not.toHaveProperty("set-cookie");
        }
    expect([...seen].sort()).toEqual(expect.arrayContaining([200, 400, 401, 404, 405]));
  });

  it.each([
    ["no HTTP", "HELLO\r\n\r\n", 400],
    ["no host", "GET /v1/models HTTP/1.1\r\n\r\n", 400],
    ["HTTP/0.9", "GET /v1/models\r\n\r\n", 400],
    ["headers beyond measure", `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, 431],
    ["a path that is no UTF-8", "GET /v1/models/%ff HTTP/1.1\r\nHost: a\r\n\r\n", 400],
    ["a name beyond measure", `GET /v1/models/${"a".repeat(5_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 414],
    ["an expectation", "GET /v1/models HTTP/1.1\r\nHost: a\r\nExpect: 200-maybe\r\n\r\n", 417],
    ["a coded body", "PUT /v1/models HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", 415],
    ["another site's page", "GET /v1/models HTTP/1.1\r\nHost: a\r\nSec-Fetch-Site: cross-site\r\n\r\n", 403],
    ["an unknown method", "BREW /v1/models HTTP/1.1\r\nHost: a\r\n\r\n", 400],
  ])("says it to %s too", async (_, wire, status) => {
    const [answer] = await exchange(port, wire, { enough: 1 });
    expect(answer).toMatchObject({ status, headers: expected });
  });

  it("says it where the service fails", async () => {
    const failing = await guardedService();
    await failing.registry.db.$executeRaw`ALTER TABLE models RENAME TO models_away`;
    const answer = await failing.admin("GET", "/v1/models");
    expect(answer).toMatchObject({ status: 500, headers: expected });
  });
});

describe("a file", () => {
  it("may be kept by its reader's own browser, which asks with the ETag; a refusal may not", async () => {
    const open = await testService();
    await draftOf(open, "kept", "1.0.0", { a: "abc" });
    const url = "/v1/models/kept/versions/1.0.0/files/a";
    const whole = await open.call("GET", url);
    const own = {
      ...expected,
      "content-security-policy": "default-src 'none'; sandbox",
      "cache-control": "private, no-cache",
    };
    expect(whole).toMatchObject({ status: 200, headers: own });
    const again = await open.call("GET", url, { headers: { "if-none-match": String(whole.headers["etag"]) } });
    expect(again).toMatchObject({ status: 304, headers: own });
    expect(await open.call("GET", url, { headers: { range: "bytes=0-0" } })).toMatchObject({
      status: 206,
      headers: own,
    });
    const past = await open.call("GET", url, { headers: { range: "bytes=9-" } });
    expect([past.status, past.headers["cache-control"]]).toEqual([416, "no-store"]);
  });
});

describe("the documentation", () => {
  it("has a policy of its own, with no place for what is not Slipway's", async () => {
    for (const path of ["/docs/", "/docs/static/swagger-ui-bundle.js", "/docs/static/swagger-ui.css"]) {
      const { status, headers } = await call("GET", path);
      const { "content-security-policy": policy, "cache-control": _, ...others } = expected;
      expect({ path, status, headers }).toMatchObject({ status: 200, headers: others });
      expect(headers["content-security-policy"], path).not.toBe(policy);
      expect(headers["content-security-policy"]).toMatch(
        /^default-src 'none'; script-src 'self'; .*frame-ancestors 'none'/,
      );
    }
  });
});
