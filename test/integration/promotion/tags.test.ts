import { describe, expect, it } from "vitest";
import { patiently } from "#test/patiently.ts";
import { ready, sealed } from "#test/sealed.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";

const service = await testService();
const { call, registry } = service;
testWorker(registry, smallImageBuilder());

const put = (url: string, version: string, headers: Record<string, string> = {}, reason?: string) =>
  call("PUT", url, { json: reason === undefined ? { version } : { version, reason }, headers });

describe("tags", () => {
  it("point at a version and its digest, and are read wherever a version is", async () => {
    const { imageDigest } = await ready(service, "churn", "1.0.0");
    const made = await put("/v1/models/churn/tags/prod", "1.0.0", {}, "first release");
    expect(made.status).toBe(201);
    expect(made.headers["etag"]).toBe('"1"');
    expect(made.json).toMatchObject({
      model: "churn",
      tag: "prod",
      version: "1.0.0",
      imageDigest,
      revision: 1,
      movedBy: "anonymous",
      reason: "first release",
    });
    const read = await call("GET", "/v1/models/churn/tags/prod");
    const { registries: _, ...decided } = made.json;
    expect(read.json).toMatchObject(decided);
    expect(read.headers["etag"]).toBe('"1"');
    const version = await call("GET", "/v1/models/churn/versions/prod");
    expect(version.json).toMatchObject({ version: "1.0.0", tags: ["1", "1.0", "latest", "prod"] });
    expect((await call("GET", "/v1/models/churn/versions/prod/files/notes.txt")).status).toBe(200);
    const all = { prod: "1.0.0", latest: "1.0.0", "1": "1.0.0", "1.0": "1.0.0" };
    expect((await call("GET", "/v1/models/churn")).json.tags).toEqual(all);
    const listed = (await call("GET", "/v1/models/churn/tags")).json.items;
    expect(listed.filter(({ tag }: { tag: string }) => tag === "prod")).toEqual([expect.objectContaining(decided)]);
  });

  it("keep a history that loses no row, through removal and return", async () => {
    await ready(service, "history", "1.0.0");
    await ready(service, "history", "1.1.0");
    const url = "/v1/models/history/tags/prod";
    await put(url, "1.0.0");
    expect((await put(url, "1.1.0", {}, "better")).status).toBe(200);
    expect((await call("DELETE", `${url}?reason=incident`)).status).toBe(204);
    expect((await call("GET", url)).status).toBe(404);
    expect((await put(url, "1.0.0")).json.revision).toBe(4);
    const history = await call("GET", `${url}/history`);
    expect(
      history.json.items.map((move: Record<string, unknown>) => [
        move["revision"],
        move["from"],
        move["to"],
        move["reason"],
      ]),
    ).toEqual([
      [4, null, "1.0.0", ""],
      [3, "1.1.0", null, "incident"],
      [2, "1.0.0", "1.1.0", "better"],
      [1, null, "1.0.0", ""],
    ]);
    const first = await call("GET", `${url}/history?limit=3`);
    const rest = await call("GET", `${url}/history?cursor=${first.json.nextCursor}`);
    expect(rest.json.items.map((move: { revision: number }) => move.revision)).toEqual([1]);
    const audit = await registry.db.auditEntry.findMany({ where: { object: "history:prod" }, orderBy: { at: "asc" } });
    expect(audit.map((row) => row.action)).toEqual(["tag.move", "tag.move", "tag.remove", "tag.move"]);
  });

  it("stay where they are when moved to where they are", async () => {
    await ready(service, "idle", "1.0.0");
    await put("/v1/models/idle/tags/prod", "1.0.0");
    const again = await put("/v1/models/idle/tags/prod", "1.0.0", {}, "again");
    expect([again.status, again.json.revision, again.json.reason]).toEqual([200, 1, ""]);
  });

  it("move only from the revision that was named", async () => {
    await ready(service, "guarded", "1.0.0");
    await ready(service, "guarded", "1.1.0");
    const url = "/v1/models/guarded/tags/prod";
    expect((await put(url, "1.0.0", { "if-match": '"1"' })).status).toBe(412);
    expect((await put(url, "1.0.0", { "if-match": "*" })).status).toBe(412);
    expect((await put(url, "1.0.0", { "if-none-match": "*" })).status).toBe(201);
    expect((await put(url, "1.1.0", { "if-none-match": "*" })).status).toBe(412);
    const stale = await put(url, "1.1.0", { "if-match": '"7"' });
    expect([stale.status, stale.json.detail]).toEqual([412, expect.stringContaining("at 1.0.0, revision 1")]);
    expect((await put(url, "1.1.0", { "if-match": '"1"' })).json.revision).toBe(2);
    expect((await call("DELETE", url, { headers: { "if-match": '"1"' } })).status).toBe(412);
    expect((await put(url, "1.1.0", { "if-match": "1" })).status).toBe(400);
  });

  it("point at ready versions only", async () => {
    const { registry: other, call: ask } = await quietService();
    expect(other).toBeDefined();
    const answer = await put2(ask, "/v1/models/unbuilt/tags/prod", "1.0.0");
    expect([answer.status, answer.json.type]).toEqual([409, "/problems/version_not_ready"]);
    expect((await put2(ask, "/v1/models/unbuilt/tags/prod", "9.9.9")).status).toBe(404);
  });

  it.each([
    ["latest", "tag_reserved"],
    ["1", "tag_reserved"],
    ["1.2", "tag_reserved"],
    ["latest-rc", "tag_reserved"],
    ["1.2.3", "invalid_tag"],
    ["sha256-abc", "invalid_tag"],
    ["-prod", "invalid_tag"],
    ["a".repeat(129), "invalid_tag"],
    ["pr%C3%B6d", "invalid_tag"],
  ])("refuse the name %s", async (tag, code) => {
    const answer = await put(`/v1/models/churn/tags/${tag}`, "1.0.0");
    expect([answer.status, answer.json.type]).toEqual([422, `/problems/${code}`]);
  });

  it("hold their model and version in place", async () => {
    await ready(service, "held", "1.0.0");
    await put("/v1/models/held/tags/prod", "1.0.0");
    const archive = await call("POST", "/v1/models/held/versions/1.0.0/archive");
    expect([archive.status, archive.json.type]).toEqual([409, "/problems/version_in_use"]);
    expect((await call("DELETE", "/v1/models/held")).status).toBe(409);
    await call("DELETE", "/v1/models/held/tags/prod");
    const archived = await call("POST", "/v1/models/held/versions/1.0.0/archive");
    expect([archived.status, archived.json.status]).toEqual([200, "archived"]);
    expect((await put("/v1/models/held/tags/prod", "1.0.0")).status).toBe(409);
  });

  it("moved by many at once make a line: every revision once, one winner a revision", async () => {
    await ready(service, "busy", "1.0.0");
    await ready(service, "busy", "1.1.0");
    const url = "/v1/models/busy/tags/prod";
    await put(url, "1.0.0");
    const guarded = await Promise.all(
      Array.from({ length: 10 }, () => patiently(() => put(url, "1.1.0", { "if-match": '"1"' }))),
    );
    expect(guarded.filter((answer) => answer.status === 200)).toHaveLength(1);
    expect(guarded.filter((answer) => answer.status === 412)).toHaveLength(9);
    await Promise.all(Array.from({ length: 20 }, (_, index) => put(url, index % 2 ? "1.0.0" : "1.1.0")));
    const history = await call("GET", `${url}/history?limit=100`);
    const revisions = history.json.items.map((move: { revision: number }) => move.revision);
    expect(revisions).toEqual(Array.from({ length: revisions.length }, (_, index) => revisions.length - index));
    for (const [index, move] of history.json.items.slice(0, -1).entries())
      expect(move.from).toBe(history.json.items[index + 1].to);
  });
});

type Call = typeof call;

function put2(ask: Call, url: string, version: string) {
  return ask("PUT", url, { json: { version } });
}

/** No worker runs here: what is sealed stays so. */
async function quietService() {
  const quiet = await testService();
  await sealed(quiet, "unbuilt", "1.0.0");
  return quiet;
}
