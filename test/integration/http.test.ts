import http from "node:http";
import { describe, expect, it } from "vitest";
import { testService } from "#test/test-service.ts";

const service = await testService();
const { call } = service;

describe("the edge of the API", () => {
  it("answers what is not there with a problem", async () => {
    const answer = await call("GET", "/v1/nothing");
    expect(answer.status).toBe(404);
    expect(answer.headers["content-type"]).toContain("application/problem+json");
    expect(answer.json).toMatchObject({ type: "/problems/not_found", title: "Not found", status: 404 });
    const explained = await call("GET", answer.json.type);
    expect([explained.status, explained.json.title]).toEqual([200, "Not found"]);
  });

  it("refuses bodies that are no JSON, of another type, or too large", async () => {
    const post = (bytes: string, type: string) =>
      call("POST", "/v1/models", { bytes, headers: { "content-type": type } });
    expect((await post("{", "application/json")).status).toBe(400);
    expect((await post('{"__proto__": {"a": 1}, "name": "x"}', "application/json")).status).toBe(400);
    expect((await post('{"name":"x"}', "text/plain")).status).toBe(415);
    expect((await post(`{"name":"x","title":"${"x".repeat(3_000_000)}"}`, "application/json")).status).toBe(413);
  });

  it.each([
    ["GET", "/v1/models/a%00b"],
    ["GET", "/v1/models/a/versions/%00"],
    ["GET", "/v1/models?q=%00"],
    ["GET", "/v1/models?label=a%00"],
    ["GET", "/v1/models?label=a=%00"],
    ["GET", "/v1/builds/%00"],
    ["GET", "/v1/models/a/tags/%00"],
    ["DELETE", "/v1/models/a/tags/prod?reason=%00"],
  ] as const)("refuses text that cannot be kept: %s %s", async (method, path) => {
    expect((await call(method, path)).status).toBe(400);
  });

  it.each([{ title: "a\u0000" }, { description: "\ud800" }, { labels: { a: "\u0000" } }])(
    "refuses text that cannot be kept in a body: %j",
    async (fields) => {
      const answer = await call("POST", "/v1/models", { json: { name: "odd", ...fields } });
      expect(answer.status).toBe(400);
    },
  );

  it("takes an empty body that says it is JSON where none is needed", async () => {
    const answer = await call("POST", "/v1/builds/none/cancel", { headers: { "content-type": "application/json" } });
    expect(answer.status).toBe(404);
  });

  it.each([
    ["a name of elsewhere", { host: "evil.example:80" }],
    ["a name that ends in localhost", { host: "localhost.evil.example" }],
    ["another site's page", { host: "localhost:1", origin: "https://evil.example" }],
    ["a page on another port", { host: "localhost:1", origin: "http://localhost:2" }],
    ["a page in a sandbox", { host: "localhost:1", origin: "null" }],
    ["a cross-site fetch", { host: "127.0.0.1:1", "sec-fetch-site": "cross-site" }],
    ["a same-site fetch", { host: "127.0.0.1:1", "sec-fetch-site": "same-site" }],
  ])("refuses %s while access is off", async (_, headers) => {
    const read = await call("GET", "/v1/models", { headers });
    expect([read.status, read.json.type]).toEqual([403, "/problems/request_refused"]);
    const write = await call("POST", "/v1/models", { json: { name: "foreign" }, headers });
    expect(write.status).toBe(403);
    expect((await call("GET", "/v1/models/foreign")).status).toBe(404);
  });

  it.each([
    { host: "localhost:7070" },
    { host: "[::1]:7070" },
    { host: "127.0.0.1:7070", origin: "http://127.0.0.1:7070", "sec-fetch-site": "same-origin" },
    { host: "localhost", "sec-fetch-site": "none" },
  ])("takes requests of this machine: %j", async (headers) => {
    expect((await call("GET", "/v1/models", { headers })).status).toBe(200);
  });

  it("stays in order when a client leaves in mid-upload", async () => {
    await call("POST", "/v1/models", { json: { name: "left" } });
    await call("POST", "/v1/models/left/versions", { json: { version: "1.0.0" } });
    await leaveInMidUpload(service.port, "/v1/models/left/versions/1.0.0/files/a.bin");
    expect((await call("GET", "/v1/models/left/versions/1.0.0/files")).json.items).toEqual([]);
    expect((await call("PUT", "/v1/models/left/versions/1.0.0/files/a.bin", { bytes: "whole" })).status).toBe(201);
  });
});

describe("OpenAPI", () => {
  it("describes every route under /v1, with an operation id and its errors", async () => {
    const { json } = await call("GET", "/openapi.json");
    expect(json.openapi).toBe("3.1.0");
    const operations = Object.entries<Record<string, { operationId?: string; responses: Record<string, unknown> }>>(
      json.paths,
    ).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(ids).not.toContain(undefined);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, operation } of operations.filter(({ path }) => path.startsWith("/v1/")))
      expect(Object.keys(operation.responses), path).toContain("400");
    expect(Object.keys(json.paths)).toContain("/v1/models/{model}/versions/{version}/files/{path}");
  });

  it("is shown by a page that needs nothing from elsewhere", async () => {
    const page = await call("GET", "/docs/");
    expect(page.status).toBe(200);
    expect(page.bytes.toString()).not.toMatch(/(?:src|href)="https?:/);
  });
});

describe("health", () => {
  it("names each part", async () => {
    const { status, json } = await call("GET", "/readyz");
    expect(status).toBe(200);
    expect(json.status).toBe("ok");
    expect(json.parts.map((part: { name: string }) => part.name)).toEqual([
      "database",
      "artifacts",
      "queue",
      "registry",
    ]);
    expect((await call("GET", "/healthz")).json).toEqual({ status: "ok" });
  });

  it("is degraded without queue and registry, and writes succeed all the same", async () => {
    const lonely = await testService({ REDIS_URL: "redis://127.0.0.1:1", SLIPWAY_REGISTRY: "127.0.0.1:1" });
    const { status, json } = await lonely.call("GET", "/readyz");
    expect([status, json.status]).toEqual([200, "degraded"]);
    expect(
      json.parts
        .filter((part: { status: string }) => part.status === "down")
        .map((part: { name: string }) => part.name),
    ).toEqual(["queue", "registry"]);
    expect((await lonely.call("POST", "/v1/models", { json: { name: "kept" } })).status).toBe(201);
  });

  it("is unavailable without the database, with answers within two seconds", async () => {
    const cut = await testService({ DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" });
    const started = Date.now();
    const ready = await cut.call("GET", "/readyz");
    expect([ready.status, ready.json.status]).toEqual([503, "unavailable"]);
    const read = await cut.call("GET", "/v1/models/any");
    expect([read.status, read.json.type]).toEqual([503, "/problems/unavailable"]);
    expect(Date.now() - started).toBeLessThan(4_000);
    expect((await cut.call("GET", "/healthz")).status).toBe(200);
  });
});

function leaveInMidUpload(port: number, path: string): Promise<void> {
  return new Promise((resolve) => {
    const request = http.request({
      host: "127.0.0.1",
      port,
      path,
      method: "PUT",
      headers: { "content-length": 1_000_000 },
    });
    request.on("error", () => resolve());
    request.on("close", () => resolve());
    request.write(Buffer.alloc(100_000), () => setTimeout(() => request.destroy(), 100));
  });
}
