import { beforeAll, describe, expect, it } from "vitest";
import { ready } from "#test/sealed.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";

const service = await testService();
const { call, registry } = service;
testWorker(registry, smallImageBuilder());

const tag = (model: string, name: string) => `/v1/models/${model}/tags/${name}`;
const move = (model: string, name: string, version: string) =>
  call("PUT", tag(model, name), { json: { version, reason: `to ${version}` } });
const problemOf = ({ status, json }: { status: number; json: { type?: string } }) => [status, json.type];
let digestOfSecond = "";

beforeAll(async () => {
  for (const version of ["1.0.0", "1.1.0", "1.2.0"]) {
    const { imageDigest } = await ready(service, "churn", version);
    if (version === "1.1.0") digestOfSecond = imageDigest;
  }
});

describe("a tag", () => {
  it("is moved by the digest of a version's image as well", async () => {
    const moved = await call("PUT", tag("churn", "by-digest"), { json: { digest: digestOfSecond } });
    expect([moved.status, moved.json.version, moved.json.imageDigest]).toEqual([201, "1.1.0", digestOfSecond]);
    const unknown = await call("PUT", tag("churn", "by-digest"), { json: { digest: `sha256:${"0".repeat(64)}` } });
    expect(problemOf(unknown)).toEqual([404, "/problems/version_not_found"]);
    for (const json of [{}, { version: "1.0.0", digest: digestOfSecond }])
      expect(problemOf(await call("PUT", tag("churn", "by-digest"), { json }))).toEqual([
        400,
        "/problems/invalid_request",
      ]);
  });

  it("rolls back to where it was before, or at a revision, as a new revision", async () => {
    for (const version of ["1.0.0", "1.1.0", "1.2.0"]) await move("churn", "prod", version);
    const url = `${tag("churn", "prod")}/rollback`;
    const back = await call("POST", url, { json: { reason: "incident 42" }, headers: { "if-match": '"3"' } });
    expect([back.status, back.json]).toEqual([
      200,
      expect.objectContaining({ version: "1.1.0", revision: 4, reason: "incident 42", imageDigest: digestOfSecond }),
    ]);
    expect((await call("POST", url, { json: {}, headers: { "if-match": '"3"' } })).status).toBe(412);
    expect((await call("POST", url, { json: { to: 1 } })).json).toMatchObject({ version: "1.0.0", revision: 5 });
    expect(problemOf(await call("POST", url, { json: { to: 9 } }))).toEqual([404, "/problems/revision_not_found"]);
  });

  it("rolls back once where the request comes twice", async () => {
    for (const version of ["1.0.0", "1.1.0"]) await move("churn", "once", version);
    const send = () =>
      call("POST", `${tag("churn", "once")}/rollback`, { json: {}, headers: { "idempotency-key": "one-rollback" } });
    const [first, second] = [await send(), await send()];
    expect([first.json.revision, second.json]).toEqual([3, first.json]);
    expect((await call("GET", tag("churn", "once"))).json).toMatchObject({ version: "1.0.0", revision: 3 });
  });

  it("does not roll back where it was nowhere before, was removed, or is at a version out of use", async () => {
    const url = (name: string) => `${tag("churn", name)}/rollback`;
    await move("churn", "fresh", "1.0.0");
    expect(problemOf(await call("POST", url("fresh"), { json: {} }))).toEqual([404, "/problems/revision_not_found"]);
    expect(problemOf(await call("POST", url("never"), { json: {} }))).toEqual([404, "/problems/revision_not_found"]);
    await call("DELETE", tag("churn", "fresh"));
    await move("churn", "fresh", "1.1.0");
    expect(problemOf(await call("POST", url("fresh"), { json: {} }))).toEqual([409, "/problems/revision_unset"]);
    await ready(service, "old", "1.0.0");
    await ready(service, "old", "1.1.0");
    await move("old", "prod", "1.0.0");
    await move("old", "prod", "1.1.0");
    await call("POST", "/v1/models/old/versions/1.0.0/archive");
    expect(problemOf(await call("POST", `${tag("old", "prod")}/rollback`, { json: {} }))).toEqual([
      409,
      "/problems/version_not_ready",
    ]);
  });
});

describe("several tags", () => {
  const send = (moves: unknown[]) => call("POST", "/v1/models/churn/tags", { json: { moves, reason: "both" } });

  it("move together, each from its revision", async () => {
    const made = await send([
      { tag: "blue", version: "1.1.0", revision: 0 },
      { tag: "green", digest: digestOfSecond },
    ]);
    expect(made.status).toBe(200);
    expect(made.json.items.map((each: { tag: string; version: string }) => [each.tag, each.version])).toEqual([
      ["blue", "1.1.0"],
      ["green", "1.1.0"],
    ]);
    expect((await send([{ tag: "blue", version: "1.2.0", revision: 1 }])).json.items[0].revision).toBe(2);
  });

  it.each([
    ["a revision that is past", { tag: "second", version: "1.1.0", revision: 7 }, [412, "/problems/tag_moved"]],
    ["a version that is not there", { tag: "second", version: "9.9.9" }, [404, "/problems/version_not_found"]],
    ["a reserved name", { tag: "latest", version: "1.1.0" }, [422, "/problems/tag_reserved"]],
    ["no place to go", { tag: "second" }, [400, "/problems/invalid_request"]],
    ["the same tag again", { tag: "first", version: "1.1.0" }, [400, "/problems/invalid_request"]],
    ["one that differs in case alone", { tag: "First", version: "1.1.0" }, [409, "/problems/tag_taken"]],
  ])("all stay where one has %s", async (_, bad, problem) => {
    expect(problemOf(await send([{ tag: "first", version: "1.0.0" }, bad]))).toEqual(problem);
    expect((await call("GET", tag("churn", "first"))).status).toBe(404);
    const { items } = (await call("GET", "/v1/audit?model=churn&action=tag.move&limit=100")).json;
    expect(items.filter((row: { object: string }) => row.object === "churn:first")).toEqual([]);
  });
});

describe("what was under a tag at a time", () => {
  const times: string[] = [];
  const now = async () => {
    const [{ at }] = await registry.db.$queryRaw<[{ at: Date }]>`SELECT clock_timestamp() AS at`;
    await new Promise((resolve) => setTimeout(resolve, 5));
    times.push(new Date(at.getTime() + 1).toISOString());
  };

  beforeAll(async () => {
    await ready(service, "risk", "3.0.0");
    await now();
    await move("churn", "live", "1.0.0");
    await now();
    await move("risk", "live", "3.0.0");
    await move("churn", "live", "1.1.0");
    await now();
    await call("DELETE", `${tag("churn", "live")}?reason=retired`);
    await call("DELETE", tag("risk", "live"));
    await call("DELETE", "/v1/models/risk");
  });

  it("is told of one model", async () => {
    const at = async (time: string | undefined) => {
      const { status, json } = await call("GET", `${tag("churn", "live")}${time === undefined ? "" : `?at=${time}`}`);
      return status === 200 ? json.version : status;
    };
    expect(await Promise.all([...times, undefined].map(at))).toEqual([404, "1.0.0", "1.1.0", 404]);
    for (const at of ["yesterday", "0000-01-01T00:00:00Z"])
      expect((await call("GET", `${tag("churn", "live")}?at=${at}`)).status).toBe(400);
  });

  it("is told of all models, also of one that was deleted since", async () => {
    const at = async (time: string) => {
      const { json } = await call("GET", `/v1/tags?tag=live${time}`);
      return json.items.map((each: { model: string; version: string }) => `${each.model}:${each.version}`);
    };
    expect(await at(`&at=${times[0]}`)).toEqual([]);
    expect(await at(`&at=${times[1]}`)).toEqual(["churn:1.0.0"]);
    expect(await at(`&at=${times[2]}`)).toEqual(["churn:1.1.0", "risk:3.0.0"]);
    expect(await at("")).toEqual([]);
  });

  it("comes in pages", async () => {
    const first = await call("GET", `/v1/tags?tag=live&at=${times[2]}&limit=1`);
    expect(first.json.items.map((each: { model: string }) => each.model)).toEqual(["churn"]);
    const rest = await call("GET", `/v1/tags?tag=live&at=${times[2]}&limit=1&cursor=${first.json.nextCursor}`);
    expect([rest.json.items.map((each: { model: string }) => each.model), rest.json.nextCursor]).toEqual([
      ["risk"],
      null,
    ]);
    expect(problemOf(await call("GET", "/v1/tags?tag=live&cursor=Zm9v"))).toEqual([400, "/problems/invalid_cursor"]);
  });

  it("keeps its order where a clock was set back", async () => {
    await move("churn", "clock", "1.0.0");
    const ahead = new Date(Date.now() + 3_600_000);
    await registry.db.tag.updateMany({ where: { name: "clock" }, data: { movedAt: ahead } });
    await registry.db.tagMove.updateMany({ where: { tag: "clock" }, data: { movedAt: ahead } });
    await move("churn", "clock", "1.1.0");
    const at = new Date(ahead.getTime() + 1).toISOString();
    expect((await call("GET", `${tag("churn", "clock")}?at=${at}`)).json.version).toBe("1.1.0");
  });
});
