import { describe, expect, it } from "vitest";
import { recordEvent } from "#core/events/record-event.ts";
import { slipwayActor } from "#core/registry.ts";
import { finished } from "#test/sealed.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";

const predictor =
  "class Predictor:\n    def __init__(self, d):\n        pass\n\n    def predict(self, i):\n        return i\n";

const service = await testService();
const { call, registry } = service;
testWorker(registry, smallImageBuilder());

const eventsOf = (model: string) => registry.db.event.findMany({ where: { model }, orderBy: { ordinal: "asc" } });

describe("an event", () => {
  it("is written with each change of a model, a version, a build and a tag, and with no change of a file", async () => {
    await draftOf(service, "churn", "1.0.0", { "src/predictor.py": predictor });
    const seal = await call("POST", "/v1/models/churn/versions/1.0.0/seal", { headers: { "x-request-id": "sealing" } });
    await finished(service, seal.json.build.id);
    await call("PUT", "/v1/models/churn/tags/prod", { json: { version: "1.0.0", reason: "first" } });
    await call("PUT", "/v1/models/churn/tags/prod", { json: { version: "1.0.0", reason: "no change" } });
    await call("DELETE", "/v1/models/churn/tags/prod");

    const events = await eventsOf("churn");
    expect(events.map(({ kind, subject }) => `${kind} ${subject}`)).toEqual([
      "model.created churn",
      "version.created churn:1.0.0",
      "version.sealed churn:1.0.0",
      "build.succeeded churn:1.0.0",
      "tag.moved churn:1.0",
      "tag.moved churn:1",
      "tag.moved churn:latest",
      "tag.moved churn:prod",
      "tag.removed churn:prod",
    ]);
    const { id } = await registry.db.model.findFirstOrThrow({ where: { name: "churn" } });
    expect(events.map(({ modelId }) => modelId)).toEqual(events.map(() => id));
    const ofRequest = events.filter(({ requestId }) => requestId === "sealing");
    expect(ofRequest.slice(0, 2).map(({ kind, actor }) => [kind, actor])).toEqual([
      ["version.sealed", "anonymous"],
      ["build.succeeded", "slipway"],
    ]);
    expect(events.at(-2)).toMatchObject({
      data: { before: { version: null }, after: { version: "1.0.0", revision: 1, reason: "first" } },
      sequence: null,
    });
    const audit = await registry.db.auditEntry.findMany({ where: { id: { in: events.map((event) => event.id) } } });
    expect(audit.map(({ at }) => at).sort()).toEqual(events.map(({ at }) => at).sort());
  });

  it("keeps to its model when the name has become another's", async () => {
    await call("POST", "/v1/models", { json: { name: "moved" } });
    await call("POST", "/v1/models/moved/versions", { json: { version: "1.0.0" } });
    await call("PATCH", "/v1/models/moved", { json: { name: "elsewhere" } });
    await call("POST", "/v1/models", { json: { name: "moved" } });
    await call("DELETE", "/v1/models/elsewhere/versions/1.0.0");
    const [first, second] = [await eventsOf("moved"), await eventsOf("elsewhere")];
    expect(new Set(first.map(({ modelId }) => modelId)).size).toBe(2);
    expect(second.map(({ kind, modelId }) => [kind, modelId])).toEqual([["version.deleted", first[0]?.modelId]]);
  });

  it("is not there when its change is not", async () => {
    const before = await registry.db.event.count();
    const taken = await call("POST", "/v1/models", { json: { name: "churn" } });
    expect(taken.status).toBe(409);
    const failing = registry.db.$transaction(async (tx) => {
      await recordEvent(tx, slipwayActor(), { kind: "tag.moved", model: null, subject: "churn:prod", data: {} });
      throw new Error("the change failed");
    });
    await expect(failing).rejects.toThrow("the change failed");
    expect(await registry.db.event.count()).toBe(before);
  });
});
