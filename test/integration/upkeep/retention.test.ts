import { describe, expect, inject, it } from "vitest";
import { applyRetention } from "#core/upkeep/apply-retention.ts";
import { guardedService } from "#test/access.ts";
import { finished, ready } from "#test/sealed.ts";
import { testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";
import {
  baseBytes,
  configBytes,
  imageOfVersion,
  imagePath,
  looker,
  modelBytes,
  removalEnded,
  steadyBuilder,
} from "./kept-images.ts";

const service = await testService({ SLIPWAY_RECONCILE_SECONDS: "0.2" });
const { call, registry } = service;
const registryHas = looker(inject("parts").registryHost);
let mood = "";
testWorker(
  registry,
  steadyBuilder(() => mood),
);

const setRule = (pattern: string, json: object) => call("PUT", `/v1/retention/${pattern}`, { json });
const preview = async (model: string, query = "") => (await call("GET", `/v1/models/${model}/retention${query}`)).json;
const apply = () => applyRetention(registry, AbortSignal.timeout(100_000));
const age = (model: string, version: string, days: number) =>
  registry.db.$executeRaw`
    UPDATE images SET created_at = now() - ${days} * interval '1 day' WHERE id IN (
      SELECT b.image_id FROM builds b JOIN versions v ON v.id = b.version_id JOIN models m ON m.id = v.model_id
      WHERE m.name = ${model} AND v.semver = ${version})`;
const move = (model: string, tag: string, version: string) =>
  call("PUT", `/v1/models/${model}/tags/${tag}`, { json: { version } });
/** Whenever it moved, it was so many days earlier. */
const agoMoved = (model: string, revision: number, days: number) =>
  registry.db.$executeRaw`
    UPDATE tag_moves SET moved_at = now() - ${days} * interval '1 day'
    WHERE revision = ${revision} AND model_id = (SELECT id FROM models WHERE name = ${model})`;
type Line = { version: string; decision: string; why: string; freedBytes: number; reference: string };

describe("a retention rule", () => {
  it("shows what it would do, and then does that and nothing else", async () => {
    const versions = ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0", "1.5.0"];
    for (const version of versions) await ready(service, "plan.a", version);
    await ready(service, "other", "1.0.0");
    // A rebuild that came out otherwise: no version shows it.
    mood = "rebuilt";
    await finished(service, (await call("POST", "/v1/models/plan.a/versions/1.5.0/builds")).json.id);
    mood = "";
    for (const version of versions) await age("plan.a", version, 40);
    for (const version of ["1.1.0", "1.2.0", "1.3.0"]) await move("plan.a", "prod", version);
    await agoMoved("plan.a", 1, 90);
    await agoMoved("plan.a", 2, 60); // 1.1.0 left prod then
    await agoMoved("plan.a", 3, 10); // and 1.2.0
    expect((await preview("plan.a")).rule).toBeNull();
    expect((await preview("plan.a", "?keepDays=50")).going).toBe(0);
    expect(await apply()).toBe(0);

    const json = { keepLast: 2, keepDays: 30, afterTagDays: 20 };
    const set = await setRule("plan.*", json);
    expect([set.status, set.json]).toEqual([
      201,
      { pattern: "plan.*", ...json, changedAt: expect.any(String), changedBy: "anonymous" },
    ]);
    const plan = await preview("plan.a");
    expect(plan.items.map(({ version, decision, why }: Line) => [version, decision, why]).sort()).toEqual([
      ["1.0.0", "goes", "not one of the last 2 versions, 30 days or older"],
      ["1.1.0", "goes", "not one of the last 2 versions, 30 days or older"],
      ["1.2.0", "stays", expect.stringMatching(/^under prod until \d{4}-\d\d-\d\d$/)],
      ["1.3.0", "stays", "under prod"],
      ["1.4.0", "stays", "one of the last 2 versions"],
      ["1.5.0", "goes", "of a build that its version does not show, 30 days or older"],
      ["1.5.0", "stays", "one of the last 2 versions"],
    ]);
    const one = await imageOfVersion(service, "plan.a", "1.0.0");
    expect([plan.going, plan.freedBytes]).toEqual([3, 3 * (modelBytes + configBytes(one))]);
    const paged = await preview("plan.a", "?limit=4");
    expect(await preview("plan.a", `?limit=4&cursor=${paged.nextCursor}`)).toMatchObject({
      items: plan.items.slice(4),
      nextCursor: null,
    });
    const table = await call("GET", "/v1/models/plan.a/retention", { headers: { accept: "text/plain" } });
    const lines = table.bytes.toString().trimEnd().split("\n");
    expect(lines).toHaveLength(9);
    expect(lines[0]).toMatch(/^image +version +made +bytes +digest +why$/);
    expect(lines.at(-1)).toBe(`3 of 7 go, ${plan.freedBytes} bytes`);

    expect(await apply()).toBe(3);
    const going = plan.items.filter(({ decision }: Line) => decision === "goes");
    for (const version of ["1.0.0", "1.1.0"])
      expect((await removalEnded(service, "plan.a", version)).status).toBe("removed");
    await expect.poll(() => registry.db.image.count({ where: { status: "removing" } })).toBe(0);
    const gone = await registry.db.image.findMany({ where: { status: "removed" } });
    expect(gone.map(({ repository, digest }) => `${repository}@${digest}`).sort()).toEqual(
      going.map(({ reference }: Line) => reference).sort(),
    );
    expect(gone.reduce((sum, { freedBytes }) => sum + Number(freedBytes), 0)).toBe(plan.freedBytes);
    for (const version of ["1.2.0", "1.3.0", "1.4.0", "1.5.0"])
      expect(await registryHas.pulls(await imageOfVersion(service, "plan.a", version))).toBe(true);
    expect(await registryHas.pulls(await imageOfVersion(service, "other"))).toBe(true);
    const audit = await call("GET", "/v1/audit?action=image.remove&model=plan.a");
    expect(audit.json.items).toHaveLength(3);
    expect(audit.json.items[0]).toMatchObject({
      actor: "slipway",
      after: { why: expect.stringMatching(/^the rule of plan\.\*: /) },
    });
    expect(await apply()).toBe(0);
  });

  it("keeps what prod has left lately from being removed by hand, too", async () => {
    for (const version of ["1.0.0", "1.1.0"]) {
      await ready(service, "roll.back", version);
      await move("roll.back", "prod", version);
    }
    await setRule("roll.*", { keepLast: 50, afterTagDays: 7 });
    const refused = await call("DELETE", imagePath("roll.back"));
    expect([refused.status, refused.json.type]).toEqual([409, "/problems/image_in_use"]);
    expect(refused.json.detail).toMatch(
      /it was under prod until .*, and the rule of roll\.\* keeps it 7 days from then$/,
    );
    await agoMoved("roll.back", 2, 8);
    expect((await call("DELETE", imagePath("roll.back"))).status).toBe(202);
  });

  it("keeps what a tag waits to move to, also from being removed by hand", async () => {
    await ready(service, "awaited", "1.0.0");
    await age("awaited", "1.0.0", 40);
    await call("PUT", "/v1/policies/awaited/prod", { json: { checks: ["evaluation"] } });
    const { json: promotion } = await move("awaited", "prod", "1.0.0");
    const lines = async () => (await preview("awaited", "?keepDays=10")).items.map(({ why }: Line) => why);
    expect(await lines()).toEqual(["prod waits to move to it"]);
    const refused = await call("DELETE", imagePath("awaited"));
    expect([refused.status, refused.json.type]).toEqual([409, "/problems/image_in_use"]);
    expect(refused.json.detail).toContain(promotion.id);
    await call("POST", `/v1/promotions/${promotion.id}/cancel`);
    expect(await lines()).toEqual([expect.stringContaining("10 days or older")]);
    expect((await call("DELETE", imagePath("awaited"))).status).toBe(202);
  });

  it("of a name counts more than one of a group, and what was deleted goes by age", async () => {
    for (const version of ["1.0.0", "1.1.0"]) await ready(service, "some.model", version);
    await setRule("some.*", { keepLast: 1 });
    await setRule("some.model", { keepLast: 2 });
    expect((await preview("some.model")).going).toBe(0);
    expect((await call("DELETE", "/v1/retention/some.model")).status).toBe(204);
    expect(await preview("some.model")).toMatchObject({ rule: { pattern: "some.*" }, going: 1 });
    await setRule("some.*", { keepDays: 10 });
    for (const version of ["1.0.0", "1.1.0"]) await age("some.model", version, 11);
    const images = [await imageOfVersion(service, "some.model"), await imageOfVersion(service, "some.model", "1.1.0")];
    expect((await call("DELETE", "/v1/models/some.model")).status).toBe(204);
    expect(await apply()).toBe(2);
    await expect.poll(() => registry.db.image.count({ where: { status: "removing" } })).toBe(0);
    const [first, second] = images.map(({ digest }) => digest);
    const rows = await registry.db.image.findMany({ where: { digest: { in: [first ?? "", second ?? ""] } } });
    expect(rows.reduce((sum, { freedBytes }) => sum + Number(freedBytes), 0)).toBe(
      images.reduce((sum, image) => sum + modelBytes + configBytes(image), baseBytes),
    );
    for (const image of images) expect(await registryHas.has(image)).toBe(false);
  });

  it("is gone by for all other models where one fails", async () => {
    for (const model of ["fails.a", "fails.b"]) {
      await ready(service, model, "1.0.0");
      await age(model, "1.0.0", 11);
    }
    await setRule("fails.*", { keepDays: 10 });
    await registry.db.$executeRawUnsafe(`
      CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'it fails'; END $$`);
    await registry.db.$executeRawUnsafe(`
      CREATE TRIGGER fails BEFORE UPDATE ON images FOR EACH ROW
      WHEN (NEW.status = 'removing' AND NEW.repository LIKE '%fails.a') EXECUTE FUNCTION fail()`);
    expect(await apply()).toBe(1);
    expect((await removalEnded(service, "fails.b")).status).toBe("removed");
    expect((await imageOfVersion(service, "fails.a")).status).toBe("present");
    await registry.db.$executeRawUnsafe("DROP TRIGGER fails ON images");
    expect(await apply()).toBe(1);
    expect((await removalEnded(service, "fails.a")).status).toBe("removed");
  });

  it("leaves alone for a week what the registry would not remove", async () => {
    await ready(service, "stuck.a", "1.0.0");
    await age("stuck.a", "1.0.0", 11);
    const { id } = await registry.db.image.findFirstOrThrow({ where: { version: { model: { name: "stuck.a" } } } });
    const data = { reason: "it could not be removed: it answered 405", changedAt: new Date() };
    await registry.db.image.update({ where: { id }, data });
    const asked = "?keepDays=10";
    expect((await preview("stuck.a", asked)).items).toMatchObject([{ decision: "stays", why: data.reason }]);
    await registry.db.image.update({ where: { id }, data: { changedAt: new Date(Date.now() - 8 * 86_400_000) } });
    expect((await preview("stuck.a", asked)).items).toMatchObject([{ decision: "goes", why: "10 days or older" }]);
  });

  it("keeps something, is for a pattern, and is seen by whoever sees its models", async () => {
    for (const [pattern, json, status] of [
      ["a.*", {}, 400],
      ["a.*", { afterTagDays: 3 }, 400],
      ["a.*", { keepLast: 0 }, 400],
      ["A", { keepLast: 1 }, 422],
    ] as const)
      expect([pattern, json, (await setRule(pattern, json)).status]).toEqual([pattern, json, status]);
    await call("POST", "/v1/models", { json: { name: "tried" } });
    expect((await call("GET", "/v1/models/tried/retention?afterTagDays=5")).status).toBe(400);
    await setRule("tried", { keepLast: 1 });
    expect((await preview("tried")).rule.afterTagDays).toBe(30);
    expect((await preview("tried", "?keepLast=2&afterTagDays=5")).rule).toMatchObject({ keepLast: 2, afterTagDays: 5 });
    expect((await call("DELETE", "/v1/retention/never.*")).json.type).toBe("/problems/rule_not_found");
    const guarded = await guardedService();
    await guarded.admin("PUT", "/v1/retention/own.*", { json: { keepLast: 3 } });
    await guarded.admin("PUT", "/v1/retention/other.*", { json: { keepLast: 3 } });
    const reader = await guarded.identity("reader", [{ role: "reader", pattern: "own.*" } as never]);
    const seen = await reader.call("GET", "/v1/retention");
    expect(seen.json.items.map(({ pattern }: { pattern: string }) => pattern)).toEqual(["own.*"]);
  });
});
