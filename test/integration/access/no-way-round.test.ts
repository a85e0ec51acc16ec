import { request } from "node:http";
import { describe, expect, it } from "vitest";
import { guardedService } from "#test/access.ts";
import { predictorPackage } from "#test/sealed.ts";
import { draftOf } from "#test/test-service.ts";

const service = await guardedService();
const { db } = service.registry;
await draftOf({ ...service, call: service.admin }, "fraud.scores", "1.0.0", predictorPackage);
const reader = await service.identity("reader", [{ role: "reader", pattern: "*" }]);
const uploader = await service.identity("uploader", [{ role: "uploader", pattern: "a.*" }]);

const everything = async () => ({
  models: await db.model.findMany({ orderBy: { id: "asc" } }),
  versions: await db.version.findMany({ orderBy: { id: "asc" } }),
  files: await db.versionFile.findMany({ orderBy: { path: "asc" } }),
  identities: await db.identity.findMany({ orderBy: { id: "asc" } }),
  tokens: await db.token.findMany({ orderBy: { id: "asc" }, omit: { lastUsedAt: true } }),
});

describe("nothing gets round the table", () => {
  const path = "/v1/models/fraud.scores";
  it.each([
    ["a method by header", "POST", path, { "x-http-method-override": "DELETE", "x-method-override": "DELETE" }],
    ["a method by query", "GET", `${path}?_method=DELETE`, {}],
    ["capitals", "DELETE", "/V1/MODELS/fraud.scores", {}],
    ["capitals in the name", "DELETE", "/v1/models/FRAUD.scores", {}],
    ["a slash behind", "DELETE", `${path}/`, {}],
    ["two slashes", "DELETE", "/v1//models/fraud.scores", {}],
    ["an encoded slash", "DELETE", "/v1/models%2Ffraud.scores", {}],
    ["an encoded dot", "DELETE", "/v1/models/fraud%2Escores", {}],
    ["a doubly encoded dot", "DELETE", "/v1/models/fraud%252Escores", {}],
    ["dots", "DELETE", "/v1/models/x/../fraud.scores", {}],
    ["encoded dots", "DELETE", "/v1/models/x/%2e%2e/fraud.scores", {}],
    ["a semicolon", "DELETE", `${path};x=1`, {}],
    ["a backslash", "DELETE", "/v1\\models\\fraud.scores", {}],
    ["a whole URL", "DELETE", "http://127.0.0.1/v1/models/fraud.scores", {}],
    ["another's name in a header", "DELETE", path, { "x-user": "administrator", "x-forwarded-user": "administrator" }],
    ["the path in a header", "DELETE", "/healthz", { "x-original-url": path, "x-rewrite-url": path }],
    ["an open path before it", "DELETE", "/docs/../v1/models/fraud.scores", {}],
    ["an open path before it, encoded", "DELETE", "/docs/%2e%2e/v1/models/fraud.scores", {}],
    ["HEAD", "HEAD", "/v1/identities", {}],
    ["OPTIONS", "OPTIONS", path, {}],
  ] as const)("%s", async (_how, method, url, headers) => {
    const before = await everything();
    const anonymous = await service.call(method, url, { headers });
    const asReader = await reader.call(method, url, { headers });
    expect(anonymous.status).toBeGreaterThanOrEqual(400);
    expect(asReader.status).toBeGreaterThanOrEqual(method === "GET" ? 200 : 400);
    for (const { status } of [anonymous, asReader]) expect(status).toBeLessThan(500);
    expect(await everything()).toEqual(before);
  });

  it("HEAD is as GET is", async () => {
    for (const url of [path, "/v1/models/fraud.scores/versions/1.0.0/files/src/predictor.py", "/v1/models"]) {
      expect((await service.call("HEAD", url)).status).toBe(401);
      expect((await reader.call("HEAD", url)).status).toBe(200);
    }
    for (const url of [path, "/v1/models/fraud.scores/versions/1.0.0/files/src/predictor.py"])
      expect((await uploader.call("HEAD", url)).status).toBe(404);
  });

  it.each([
    ["two Authorization headers", ["Authorization", "Bearer x", "Authorization", `Bearer ${reader.token}`]],
    ["the right one first", ["Authorization", `Bearer ${reader.token}`, "Authorization", "Bearer x"]],
    [
      "one in capitals beside one that is not",
      ["AUTHORIZATION", `Bearer ${reader.token}`, "authorization", "Bearer x"],
    ],
    ["a token in a cookie", ["Cookie", `token=${reader.token}`]],
    ["a token in a header of its own", ["X-Api-Key", reader.token]],
  ])("%s", async (_how, pairs) => {
    const { status } = await fetchRaw(service.port, "/v1/models", pairs);
    expect(status).toBe(401);
  });

  it("a token in the query is none", async () => {
    for (const query of ["access_token", "token", "authorization"])
      expect((await service.call("GET", `/v1/models?${query}=${reader.token}`)).status).toBe(401);
  });
});

describe("a body gives nobody more than it may", () => {
  it.each([
    ["POST", "/v1/models", { name: "a.new", createdBy: "administrator" }],
    ["POST", "/v1/models", { name: "a.new", role: "administrator" }],
    ["POST", "/v1/models", { name: "a.new", id: "00000000-0000-7000-8000-000000000000", repository: "fraud.scores" }],
    ["POST", "/v1/models", { name: "a.new", grants: [{ role: "administrator", pattern: "*" }] }],
    ["PATCH", "/v1/models/a.mine", { deletedAt: null }],
    ["POST", "/v1/models/a.mine/versions", { version: "2.0.0", number: 1 }],
    ["POST", "/v1/models/a.mine/versions", { version: "2.0.0", status: "ready" }],
    ["PATCH", "/v1/models/a.mine/versions/1.0.0", { sealedAt: "2026-01-01T00:00:00Z", contentDigest: "sha256:x" }],
    ["POST", "/v1/identities/uploader/tokens", { name: "x", identity: "reader" }],
    ["POST", "/v1/identities/uploader/tokens", { name: "x", token: "slpw_mine", hash: "0".repeat(64) }],
    ["POST", "/v1/identities/uploader/tokens", { name: "x", grants: [{ role: "root", pattern: "*" }] }],
    ["POST", "/v1/identities/uploader/tokens", { name: "x", grants: [{ role: "reader", pattern: "*", right: "all" }] }],
  ] as const)("%s %s %j", async (method, url, json) => {
    await uploader.call("POST", "/v1/models", { json: { name: "a.mine" } });
    await uploader.call("POST", "/v1/models/a.mine/versions", { json: { version: "1.0.0" } });
    const before = await everything();
    const answer = await uploader.call(method, url, { json });
    expect([answer.status, answer.json.type]).toEqual([400, "/problems/invalid_request"]);
    expect(await everything()).toEqual(before);
  });

  it("who did a thing is who showed the token", async () => {
    await uploader.call("POST", "/v1/models", { json: { name: "a.by" }, headers: { "x-actor": "administrator" } });
    expect((await uploader.call("GET", "/v1/models/a.by")).json.createdBy).toBe("uploader");
    expect(await db.auditEntry.findMany({ where: { object: "a.by" } })).toMatchObject([
      { actor: "uploader", tokenId: uploader.tokenId, address: "127.0.0.1", model: "a.by" },
    ]);
  });
});

/** Headers as they stand, one pair after the other. */
function fetchRaw(port: number, path: string, pairs: readonly string[]): Promise<{ status: number }> {
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port, path, headers: ["Host", `127.0.0.1:${port}`, ...pairs] }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0 });
    })
      .on("error", reject)
      .end();
  });
}
