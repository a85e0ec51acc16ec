import { randomUUID } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { makeApp } from "#api/app.ts";
import { makeLogger } from "#core/logger.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";

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

  it("names no branch of a schema that the caller did not mean", async () => {
    const answer = await call("POST", "/v1/models/a/versions/1.0.0/builds", { json: { lokc: {} } });
    expect([answer.status, answer.json.detail]).toEqual([
      400,
      'body: "lokc" is not a field here (did you mean "lock"?)',
    ]);
    expect(answer.json.errors).toHaveLength(1);
    const list = await call("POST", "/v1/models/a/versions/1.0.0/builds", { json: [] });
    expect(list.json.detail).toBe("body: must be an object or null");
    expect((await call("POST", "/v1/models/a/versions/1.0.0/builds")).status).toBe(404);
  });

  it("says what a value in the query can be", async () => {
    const follow = await call("GET", "/v1/builds/any/log?follow=maybe");
    expect([follow.status, follow.json.detail]).toEqual([400, "querystring/follow: must be true or false"]);
    const limit = await call("GET", "/v1/models?limit=some");
    expect(limit.json.detail).toBe("querystring/limit: must be a whole number");
  });

  it.each([
    ["a path that is no UTF-8", "/v1/models/%ff", 400, "invalid_request"],
    ["half a percent-encoding", "/v1/models/%", 400, "invalid_request"],
    ["a name beyond measure", `/v1/models/${"a".repeat(5_000)}`, 414, "uri_too_long"],
    ["headers beyond measure", `/v1/models?q=${"a".repeat(20_000)}`, 431, "headers_too_large"],
  ])("refuses %s with a problem", async (_, path, status, code) => {
    const answer = await call("GET", path);
    expect([answer.status, answer.json.type]).toEqual([status, `/problems/${code}`]);
    expect(answer.headers["content-type"]).toContain("application/problem+json");
    expect(answer.headers["x-request-id"]).toBe(answer.json.instance);
    expect(answer.json.detail.length).toBeLessThan(200);
  });

  it("tells another host nothing about a path", async () => {
    const answer = await call("GET", "/v1/models/%ff", { headers: { host: "evil.example" } });
    expect([answer.status, answer.json.type]).toEqual([403, "/problems/request_refused"]);
  });

  it.each([
    ["no HTTP", "HELLO\r\n\r\n", "invalid_request"],
    ["no host", "GET /v1/models HTTP/1.1\r\nConnection: close\r\n\r\n", "invalid_request"],
    [
      "half a body",
      'POST /v1/models HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"n',
      "body_incomplete",
    ],
  ])("answers %s on the wire with a problem", async (_, wire, code) => {
    const socket = net.connect(service.port, "127.0.0.1");
    socket.end(wire);
    const [head = "", body = ""] = (await text(socket)).split("\r\n\r\n");
    expect(head).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(head).toMatch(/content-type: application\/problem\+json/i);
    const problem = JSON.parse(body);
    expect(problem).toMatchObject({ type: `/problems/${code}`, status: 400 });
    expect(/x-request-id: (\S+)/i.exec(head)?.[1]).toBe(problem.instance);
  });

  it("answers with a problem what still arrives while it closes", async () => {
    const app = await makeApp(service.registry);
    await app.listen({ host: "127.0.0.1", port: 0 });
    const { port } = app.server.address() as AddressInfo;
    const [halfSent, silent] = [net.connect(port, "127.0.0.1"), net.connect(port, "127.0.0.1")];
    const [answer, refusal] = [text(halfSent), text(silent)];
    const begun = once(app.server, "request");
    halfSent.write(
      "POST /v1/models HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{",
    );
    await begun;
    const connections = promisify(app.server.getConnections.bind(app.server));
    await waitUntil("both are connected", async () => (await connections()) === 2);
    await sleep(100);
    const closed = app.close();
    await waitUntil("it closes", async () => !app.server.listening);
    await sleep(100);
    halfSent.write("}");
    silent.write("GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await closed;
    expect(await answer).toMatch(/^HTTP\/1\.1 400 .*connection: close\r\n/s);
    expect(await refusal).toMatch(/^HTTP\/1\.1 503 .*connection: close\r\n.*"type":"\/problems\/unavailable"/is);
  });

  it.each([
    ["POST", "/v1/models/churn", "DELETE, GET, HEAD, PATCH"],
    ["DELETE", "/v1/models", "GET, HEAD, POST"],
    ["POST", "/v1/models/churn/versions/1.0.0/files/a/b.txt", "DELETE, GET, HEAD, PUT"],
    ["PUT", "/readyz", "GET, HEAD"],
  ] as const)("refuses a method that a path does not have: %s %s", async (method, path, allow) => {
    const answer = await call(method, path);
    expect([answer.status, answer.json.type, answer.headers["allow"]]).toEqual([
      405,
      "/problems/method_not_allowed",
      allow,
    ]);
  });

  it("logs every request but the probes", async () => {
    const lines = new PassThrough();
    const log = makeLogger({ level: "info", part: "test", destination: lines });
    const app = await makeApp({ ...service.registry, log });
    const headers = { host: "localhost" };
    for (const url of ["/healthz", "/readyz?z", "/v1/models/fizz", "/v1/models/%ff"])
      await app.inject({ method: "GET", url, headers });
    await app.close();
    lines.end();
    const logged = (await text(lines))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(logged.filter(({ msg }) => msg === "request").map(({ url, status }) => [url, status])).toEqual([
      ["/v1/models/fizz", 404],
      ["/v1/models/%ff", 400],
    ]);
  });

  it("never matches a weak or foreign entity tag", async () => {
    await draftOf(service, "matched", "1.0.0");
    const { id: versionId, modelId } = await service.registry.db.version.findFirstOrThrow({
      where: { model: { name: "matched" } },
    });
    const move = {
      revision: 1,
      movedAt: new Date(),
      movedBy: "test",
      reason: "",
      imageDigest: `sha256:${"0".repeat(64)}`,
    };
    await service.registry.db.tag.create({ data: { modelId, name: "prod", versionId, ...move } });
    const remove = (etag: string) => call("DELETE", "/v1/models/matched/tags/prod", { headers: { "if-match": etag } });
    for (const etag of ['W/"1"', '"99999999999999999999"', '"01"', '"abc"'])
      expect([etag, (await remove(etag)).status]).toEqual([etag, 412]);
    for (const text of ["1", '"1', '"1", 2']) expect([text, (await remove(text)).status]).toEqual([text, 400]);
    expect((await remove('W/"1", "1"')).status).toBe(204);
  });

  it("takes an empty Last-Event-ID for none", async () => {
    await draftOf(service, "followed", "1.0.0");
    const { id: versionId } = await service.registry.db.version.findFirstOrThrow({
      where: { model: { name: "followed" } },
    });
    const build = { builderName: "none", builderWhy: "", createdBy: "test", status: "cancelled" };
    const { id } = await service.registry.db.build.create({ data: { id: randomUUID(), versionId, ...build } });
    const follow = (last: string) =>
      call("GET", `/v1/builds/${id}/log`, { headers: { accept: "text/event-stream", "last-event-id": last } });
    expect((await follow("")).status).toBe(200);
    expect((await follow("x")).status).toBe(400);
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
    { host: "LOCALHOST:7070", origin: "http://localhost:7070" },
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
