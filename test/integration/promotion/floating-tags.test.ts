import { describe, expect, it } from "vitest";
import { ready } from "#test/sealed.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";

const service = await testService({ SLIPWAY_DELETABLE_MODELS: "gone.*" });
const { call, registry } = service;
testWorker(registry, smallImageBuilder());

const tagsOf = async (model: string) => (await call("GET", `/v1/models/${model}`)).json.tags;
const historyOf = async (model: string, tag: string) =>
  (await call("GET", `/v1/models/${model}/tags/${tag}/history`)).json.items;

describe("tags that follow versions by rule", () => {
  it("are at the highest release; a late patch of an old line moves that line alone", async () => {
    await ready(service, "lines", "1.0.0");
    expect(await tagsOf("lines")).toEqual({ "1": "1.0.0", "1.0": "1.0.0", latest: "1.0.0" });
    await ready(service, "lines", "1.10.0");
    await ready(service, "lines", "1.9.0");
    await ready(service, "lines", "2.0.0");
    await ready(service, "lines", "1.0.1");
    expect(await tagsOf("lines")).toEqual({
      "1": "1.10.0",
      "1.0": "1.0.1",
      "1.9": "1.9.0",
      "1.10": "1.10.0",
      "2": "2.0.0",
      "2.0": "2.0.0",
      latest: "2.0.0",
    });
    const { image, version } = (await call("GET", "/v1/models/lines/versions/latest")).json;
    expect(version).toBe("2.0.0");
    const [last, , first] = await historyOf("lines", "latest");
    expect(last).toMatchObject({
      from: "1.10.0",
      to: "2.0.0",
      imageDigest: image.digest,
      revision: 3,
      movedBy: "slipway",
    });
    expect(first).toMatchObject({ from: null, to: "1.0.0", reason: "by rule: 1.0.0 is ready" });
    const audit = (await call("GET", "/v1/audit?model=lines&action=tag.move")).json.items;
    const moves = await registry.db.tagMove.count({ where: { model: { name: "lines" } } });
    expect(audit.length).toBe(moves);
  });

  it("of pre-releases are their own channel, whatever the letters' case, and move nothing else", async () => {
    await ready(service, "early", "1.0.0-rc.1");
    await ready(service, "early", "1.0.0-RC.2");
    await ready(service, "early", "1.0.0-rc.10");
    await ready(service, "early", "2.0.0-alpha.rc");
    await ready(service, "early", "0.9.0-1");
    expect(await tagsOf("early")).toEqual({ "latest-rc": "1.0.0-rc.10", "latest-alpha": "2.0.0-alpha.rc" });
    await ready(service, "early", "1.0.0");
    expect(await tagsOf("early")).toMatchObject({ latest: "1.0.0", "latest-rc": "1.0.0-rc.10" });
  });

  it("step back where their version is archived, and end where there is no other", async () => {
    await ready(service, "back", "1.0.0");
    await ready(service, "back", "1.1.0");
    expect((await call("POST", "/v1/models/back/versions/1.1.0/archive")).json.tags).toEqual([]);
    expect(await tagsOf("back")).toEqual({ "1": "1.0.0", "1.0": "1.0.0", latest: "1.0.0" });
    expect((await call("GET", "/v1/models/back/tags/1.1")).status).toBe(404);
    expect((await historyOf("back", "1.1"))[0]).toMatchObject({ from: "1.1.0", to: null, revision: 2 });
    expect((await call("POST", "/v1/models/back/versions/1.0.0/archive")).status).toBe(200);
    expect(await tagsOf("back")).toEqual({});
  });

  it("step back where it is deleted or its image removed", async () => {
    await ready(service, "gone.one", "1.0.0");
    await ready(service, "gone.one", "1.1.0");
    expect((await call("DELETE", "/v1/models/gone.one/versions/1.1.0")).status).toBe(204);
    expect(await tagsOf("gone.one")).toEqual({ "1": "1.0.0", "1.0": "1.0.0", latest: "1.0.0" });
    await ready(service, "gone.one", "1.2.0");
    expect((await call("DELETE", "/v1/models/gone.one/versions/1.2.0/image")).status).toBe(202);
    expect(await tagsOf("gone.one")).toEqual({ "1": "1.0.0", "1.0": "1.0.0", latest: "1.0.0" });
  });

  it("hold neither a version nor its model in place", async () => {
    await ready(service, "free", "1.0.0");
    expect((await call("DELETE", "/v1/models/free")).status).toBe(204);
  });
});
