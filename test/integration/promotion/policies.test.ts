import { beforeAll, describe, expect, it } from "vitest";
import { candidate, problemOf, promotionPeople } from "#test/promotion-people.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { testWorker } from "#test/test-worker.ts";

const people = await promotionPeople();
const { service, ops, auditor, evaluator, dev } = people;
const { admin } = service;
testWorker(service.registry, smallImageBuilder());

const tagOf = (model: string, tag = "prod") => `/v1/models/${model}/tags/${tag}`;
const move = (model: string, version: string, more: object = {}, tag = "prod") =>
  ops.call("PUT", tagOf(model, tag), { json: { version, ...more } });
const policy = (models: string, tag: string, rules: object) =>
  admin("PUT", `/v1/policies/${models}/${tag}`, { json: rules });
const promotions = async (query: string) => (await auditor.call("GET", `/v1/promotions?${query}`)).json.items;

describe("a policy", () => {
  it("is set, replaced, ended, and kept in each of its versions", async () => {
    const made = await policy("kept.*", "prod", { checks: ["scan"] });
    expect([made.status, made.json]).toEqual([
      201,
      expect.objectContaining({
        models: "kept.*",
        tag: "prod",
        version: 1,
        createdBy: "administrator",
        endedAt: null,
        rules: expect.objectContaining({ checks: ["scan"], proof: false, approvals: null, waitHours: 168 }),
      }),
    ]);
    for (const status of [200, 200]) // the same rules again are no version of their own
      expect(await policy("kept.*", "prod", { proof: true })).toMatchObject({
        status,
        json: { version: 2, rules: { checks: [] } },
      });
    expect((await admin("DELETE", "/v1/policies/kept.*/prod")).status).toBe(204);
    expect(problemOf(await admin("DELETE", "/v1/policies/kept.*/prod"))).toEqual([404, "policy_not_found"]);
    expect((await policy("kept.*", "prod", { proof: true })).json.version).toBe(3);
    const { items } = (await auditor.call("GET", "/v1/policies/kept.*/prod/versions")).json;
    expect(
      items.map((each: { version: number; endedAt: string | null }) => [each.version, each.endedAt !== null]),
    ).toEqual([
      [3, false],
      [2, true],
      [1, true],
    ]);
    const audited = (await admin("GET", "/v1/audit?action=policy.&limit=4")).json.items;
    expect(audited.map(({ action, object }: { action: string; object: string }) => [action, object])).toEqual([
      ["policy.set", "kept.*/prod"],
      ["policy.delete", "kept.*/prod"],
      ["policy.set", "kept.*/prod"],
      ["policy.set", "kept.*/prod"],
    ]);
  });

  it("is set by administrators of everything, and shown to those who see all its models", async () => {
    expect(problemOf(await ops.call("PUT", "/v1/policies/kept.*/prod", { json: { proof: true } }))).toEqual([
      403,
      "forbidden",
    ]);
    const narrow = await service.identity("narrow", [{ role: "reader", pattern: "other" }]);
    expect((await narrow.call("GET", "/v1/policies")).json.items).toEqual([]);
    expect((await narrow.call("GET", "/v1/policies/kept.*/prod/versions")).json.items).toEqual([]);
    expect((await auditor.call("GET", "/v1/policies")).json.items).toHaveLength(1);
  });

  it.each([
    ["that asks for nothing", {}],
    ["with an expression that is none", { conditions: [{ expression: "candidate.metadata.auc >=" }] }],
    [
      "that compares with the holder and does not say what holds without one",
      {
        conditions: [{ expression: "candidate.number > holder.number" }],
      },
    ],
    [
      "with a zone that is nowhere",
      {
        windows: [{ days: ["mon"], from: "09:00", to: "10:00", timeZone: "Europe/Atlantis" }],
      },
    ],
  ])("is not taken %s", async (_, rules) => {
    expect(problemOf(await policy("bad", "prod", rules))).toEqual([422, "policy_invalid"]);
  });

  it("is not taken for tags that move by rule, nor with a field that there is not", async () => {
    expect(problemOf(await policy("bad", "prod", { copyTo: ["nowhere"] }))).toEqual([422, "policy_invalid"]);
    expect(problemOf(await policy("bad", "latest", { proof: true }))).toEqual([422, "tag_reserved"]);
    expect(problemOf(await policy("bad", "prod", { prooof: true }))).toEqual([400, "invalid_request"]);
  });

  it("waits for no model that is held, and keeps no other from moving meanwhile", async () => {
    for (const model of ["held", "free"]) await candidate(people, model, "1.0.0");
    const { db } = service.registry;
    let moving: ReturnType<typeof move> | undefined;
    await db.$transaction(async (tx) => {
      await tx.$queryRaw`SELECT 1 FROM models WHERE name = 'held' FOR UPDATE`;
      moving = move("held", "1.0.0");
      const waits = () => db.$queryRaw<unknown[]>`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'`;
      // Its transaction is not kept open for long.
      await expect.poll(async () => (await waits()).length, { timeout: 8_000 }).toBeGreaterThan(0);
      expect((await policy("other", "prod", { proof: true })).status).toBe(201);
      expect((await move("free", "1.0.0")).status).toBe(201);
    });
    const answer = await moving;
    // Where it has waited for as long as it may, it is asked for again.
    expect((answer?.status === 503 ? await move("held", "1.0.0") : answer)?.status).toBe(201);
  });
});

/** What the audit says of how a move was decided. */
function audited({ after }: { after: { forced?: boolean; policies?: string[] } }) {
  const { forced, policies } = after;
  return { ...(forced && { forced }), ...(policies && { policies }) };
}

describe("a move", () => {
  beforeAll(async () => {
    await candidate(people, "churn", "1.0.0", { metadata: { metrics: { auc: 0.9 } } });
    await candidate(people, "churn", "1.1.0", { metadata: { metrics: { auc: 0.899 } } });
    await candidate(people, "churn", "1.2.0", { metadata: { metrics: { auc: 0.8 } } });
    await candidate(people, "churn", "1.3.0");
    await policy("churn", "prod", {
      conditions: [
        { expression: "candidate.metadata.metrics.auc >= holder.metadata.metrics.auc - 0.002", withoutHolder: "pass" },
      ],
    });
  });

  it("is made where every rule holds, and refused with each that does not", async () => {
    expect((await move("churn", "1.0.0")).status).toBe(201);
    expect((await move("churn", "1.1.0")).status).toBe(200);
    const refused = await move("churn", "1.2.0", { reason: "it is newer" });
    expect(problemOf(refused)).toEqual([403, "promotion_refused"]);
    expect(refused.json.detail).toMatch(/^churn:prod does not move to 1\.2\.0: .*0\.8.*0\.899/);
    expect(refused.json.errors).toEqual([
      { where: "prod: policy churn/prod version 1, conditions", message: expect.stringContaining("0.8") },
    ]);
    expect((await auditor.call("GET", tagOf("churn"))).json).toMatchObject({ version: "1.1.0", revision: 2 });
  });

  it("says what is missing where a metric is not there", async () => {
    expect((await move("churn", "1.3.0")).json.detail).toContain("candidate.metadata.metrics.auc");
  });

  it("that was refused is kept as a promotion that was, and in the audit, and told", async () => {
    const [promotion] = await promotions("model=churn&tag=prod&status=refused&limit=5").then((all) =>
      all.filter((each: { version: string }) => each.version === "1.2.0"),
    );
    expect(promotion).toMatchObject({
      status: "refused",
      from: "1.1.0",
      reason: "it is newer",
      requestedBy: "ops",
      endedBy: "ops",
      revision: null,
      explanation: expect.stringContaining("0.8"),
      verdicts: [{ policy: { models: "churn", tag: "prod", version: 1 }, rule: "conditions", status: "failed" }],
    });
    expect((await auditor.call("GET", `/v1/promotions/${promotion.id}`)).json).toEqual(promotion);
    const audited = (await auditor.call("GET", "/v1/audit?model=churn&action=promotion.refuse")).json.items;
    expect(audited.map((row: { actor: string; object: string }) => [row.actor, row.object])).toContainEqual([
      "ops",
      "churn:prod",
    ]);
    const events = await service.registry.db.event.findMany({ where: { kind: "promotion.refused" } });
    expect(events.map(({ model, subject }) => [model, subject])).toContainEqual(["churn", "churn:prod"]);
  });

  it("leaves in the history what it was allowed on", async () => {
    const { items } = (await auditor.call("GET", `${tagOf("churn")}/history`)).json;
    expect(items[0].promotion).toMatchObject({
      requestedBy: "ops",
      forced: false,
      approvals: [],
      verdicts: [
        { policy: { version: 1 }, rule: "conditions", status: "passed", reason: expect.stringContaining("0.899") },
      ],
    });
  });

  it("that is tried dry is not made and leaves nothing", async () => {
    const before = await service.registry.db.promotion.count();
    const dry = (version: string) =>
      ops.call("POST", "/v1/models/churn/promotions?dryRun=true", { json: { tag: "prod", version } });
    expect((await dry("1.2.0")).json).toMatchObject({
      outcome: "refused",
      from: "1.1.0",
      verdicts: [{ rule: "conditions", status: "failed" }],
    });
    expect((await dry("1.0.0")).json).toMatchObject({ outcome: "moves", verdicts: [{ status: "passed" }] });
    expect((await dry("1.1.0")).json).toMatchObject({ outcome: "stays", verdicts: [] });
    expect(problemOf(await dry("9.9.9"))).toEqual([404, "version_not_found"]);
    expect(await service.registry.db.promotion.count()).toBe(before);
    expect((await auditor.call("GET", tagOf("churn"))).json.revision).toBe(2);
  });

  it("of several tags is refused as a whole", async () => {
    const together = await ops.call("POST", "/v1/models/churn/tags", {
      json: {
        moves: [
          { tag: "free", version: "1.2.0" },
          { tag: "prod", version: "1.2.0" },
        ],
      },
    });
    expect(problemOf(together)).toEqual([403, "promotion_refused"]);
    expect((await auditor.call("GET", tagOf("churn", "free"))).status).toBe(404);
  });

  it("by every policy that matches, and by no other", async () => {
    await policy("*", "stable", { checks: ["scan"] });
    await policy("churn", "*", { conditions: [{ expression: "candidate.metadata.metrics.auc > 0.85" }] });
    const held = (await auditor.call("GET", `${tagOf("churn", "stable")}/policies`)).json.items;
    expect(held.map(({ models, tag }: { models: string; tag: string }) => `${models}/${tag}`)).toEqual([
      "*/stable",
      "churn/*",
    ]);
    expect(problemOf(await move("churn", "1.2.0", {}, "stable"))).toEqual([403, "promotion_refused"]);
    expect((await move("churn", "1.1.0", {}, "stable")).status).toBe(202);
    await candidate(people, "risk", "1.0.0");
    expect((await move("risk", "1.0.0", {}, "canary")).status).toBe(201);
    await admin("DELETE", "/v1/policies/churn/*");
    await admin("DELETE", "/v1/policies/*/stable");
  });

  it("goes back under the same policy, unless it is forced with a reason, which is kept", async () => {
    await policy("churn", "prod", { conditions: [{ expression: "candidate.metadata.metrics.auc < 0.9" }] });
    const back = (more: object) => ops.call("POST", `${tagOf("churn")}/rollback`, { json: more });
    expect(problemOf(await back({}))).toEqual([403, "promotion_refused"]);
    expect(problemOf(await back({ force: true }))).toEqual([400, "invalid_request"]);
    expect((await back({ force: true, reason: "incident 42" })).json).toMatchObject({ version: "1.0.0", revision: 3 });
    const { items } = (await auditor.call("GET", `${tagOf("churn")}/history?limit=1`)).json;
    expect(items[0]).toMatchObject({ reason: "incident 42", promotion: { forced: true, verdicts: [] } });
    const moves = (await admin("GET", "/v1/audit?action=tag.move&model=churn")).json.items;
    expect(moves.filter(({ object }: { object: string }) => object === "churn:prod").map(audited)).toEqual([
      { forced: true },
      { policies: ["churn/prod version 1"] },
      { policies: ["churn/prod version 1"] },
    ]);
  });

  it("goes back once, however often it is asked for", async () => {
    const again = await ops.call("POST", `${tagOf("churn")}/rollback`, {
      json: { force: true, reason: "incident 42" },
    });
    expect([problemOf(again), again.json.detail]).toEqual([
      [409, "revision_ambiguous"],
      expect.stringContaining("was rolled back to 1.0.0 already, in revision 3"),
    ]);
  });

  it("away from a tag that a policy holds for has to be forced", async () => {
    expect(problemOf(await ops.call("DELETE", tagOf("churn")))).toEqual([403, "tag_protected"]);
    expect(problemOf(await ops.call("DELETE", `${tagOf("churn")}?force=true`))).toEqual([400, "invalid_request"]);
    expect((await ops.call("DELETE", `${tagOf("churn")}?force=true&reason=retired`)).status).toBe(204);
    const [removal] = (await admin("GET", "/v1/audit?action=tag.remove&model=churn")).json.items;
    expect(audited(removal)).toEqual({ forced: true });
  });
});

describe("a policy is not escaped", () => {
  const metrics = "candidate.metadata.metrics.auc >= holder.metadata.metrics.auc";

  it("by the removal of its tag: whoever had it last is the one to compare with", async () => {
    await policy("churn", "prod", { conditions: [{ expression: metrics, withoutHolder: "pass" }] });
    expect((await auditor.call("GET", tagOf("churn"))).status).toBe(404);
    const refused = await move("churn", "1.2.0");
    expect([problemOf(refused), refused.json.detail]).toEqual([
      [403, "promotion_refused"],
      expect.stringMatching(/0\.8.*0\.9/),
    ]);
    expect((await move("churn", "1.0.0")).status).toBe(201);
  });

  it("by a tag that differs in case", async () => {
    await ops.call("DELETE", `${tagOf("churn")}?force=true&reason=again`);
    await policy("churn", "prod", { checks: ["never"] });
    expect((await move("churn", "1.0.0", {}, "PROD")).status).toBe(202);
  });

  it("by a rename, unless one may set policies", async () => {
    await policy("held.*", "prod", { checks: ["never"] });
    await candidate(people, "held.one", "1.0.0");
    const head = await service.identity("head", [
      { role: "administrator", pattern: "held.*" },
      { role: "administrator", pattern: "free.*" },
    ]);
    const rename = (who: { call: typeof dev.call }, from: string, name: string) =>
      who.call("PATCH", `/v1/models/${from}`, { json: { name } });
    for (const [from, to] of [
      ["held.one", "free.one"],
      ["free.two", "held.two"],
    ] as const) {
      await dev.call("POST", "/v1/models", { json: { name: from } });
      const refused = await rename(head, from, to);
      expect([problemOf(refused), refused.json.detail]).toEqual([
        [403, "forbidden"],
        expect.stringContaining("administer on everything"),
      ]);
      expect((await auditor.call("GET", `/v1/models/${to}`)).status).toBe(404);
    }
    expect((await rename(head, "held.one", "held.first")).status).toBe(200);
    expect((await rename({ call: admin }, "held.first", "free.one")).status).toBe(200);
  });
});

describe("the signature", () => {
  const yaml = (type: string) =>
    `schema: 1\nsignature:\n  inputs:\n    - {name: age, type: ${type}, shape: [-1]}\n  outputs:\n    - {name: score, type: float64, shape: [-1]}\n`;

  it("stays the same, unless whoever asks says that it may not", async () => {
    await policy("signed", "prod", { sameSignature: true });
    await candidate(people, "signed", "1.0.0", { yaml: yaml("float64") });
    await candidate(people, "signed", "1.0.1", { yaml: yaml("float64") });
    await candidate(people, "signed", "2.0.0", { yaml: yaml("int64") });
    expect((await move("signed", "1.0.0")).status).toBe(201);
    expect((await move("signed", "1.0.1")).status).toBe(200);
    const refused = await move("signed", "2.0.0");
    expect([problemOf(refused), refused.json.detail]).toEqual([
      [403, "promotion_refused"],
      expect.stringContaining("breaksSignature"),
    ]);
    expect((await move("signed", "2.0.0", { breaksSignature: true })).json.version).toBe("2.0.0");
  });
});

describe("a check", () => {
  const check = (who: { call: typeof dev.call }, json: object, version = "1.0.0") =>
    who.call("POST", `/v1/models/checked/versions/${version}/checks`, { json });
  const passed = { name: "evaluation", status: "passed", summary: "auc 0.93", data: { auc: 0.93 } };

  beforeAll(async () => {
    await candidate(people, "checked", "1.0.0");
    await policy("checked", "prod", {
      checks: ["evaluation"],
      conditions: [{ expression: "candidate.checks.evaluation.data.auc >= 0.9" }],
    });
  });

  it("is posted with a right of its own, and never by whoever has made the version", async () => {
    expect(problemOf(await check(dev, passed))).toEqual([403, "forbidden"]);
    const both = await service.identity("both", [
      { role: "uploader", pattern: "*" },
      { role: "checker", pattern: "*" },
    ]);
    await both.call("POST", "/v1/models/checked/versions", { json: { version: "2.0.0" } });
    await both.call("PUT", "/v1/models/checked/versions/2.0.0/files/notes.txt", { bytes: "x" });
    expect(problemOf(await check(both, passed, "2.0.0"))).toEqual([409, "version_not_sealed"]);
    await dev.call("POST", "/v1/models/checked/versions/2.0.0/seal");
    await service.registry.db.version.updateMany({ where: { semver: "2.0.0" }, data: { sealedAt: new Date() } });
    expect(problemOf(await check(both, passed, "2.0.0"))).toEqual([403, "check_own"]);
    expect((await check(both, passed)).status).toBe(201);
    expect((await check(both, { ...passed, status: "failed" })).status).toBe(201);
  });

  it("is kept as it was given, or not taken", async () => {
    const post = (data: string) =>
      evaluator.call("POST", "/v1/models/checked/versions/1.0.0/checks", {
        bytes: `{"name": "odd", "status": "passed", "data": ${data}}`,
        headers: { "content-type": "application/json" },
      });
    for (const data of ['{"auc": 1e999}', '{"rows": 9007199254740993}'])
      expect(problemOf(await post(data))).toEqual([422, "invalid_metadata"]);
  });

  it("decides by its newest result, and has what waits for it move by itself", async () => {
    expect(problemOf(await move("checked", "1.0.0"))).toEqual([403, "promotion_refused"]);
    await candidate(people, "checked", "1.1.0");
    const waiting = await move("checked", "1.1.0");
    expect([waiting.status, waiting.json.status, waiting.headers["location"]]).toEqual([
      202,
      "waiting",
      `/v1/promotions/${waiting.json.id}`,
    ]);
    expect(waiting.json.verdicts.map((each: { rule: string; status: string }) => [each.rule, each.status])).toEqual([
      ["conditions", "waiting"],
      ["checks", "waiting"],
    ]);
    expect((await move("checked", "1.1.0")).json.id).toBe(waiting.json.id);
    expect((await check(evaluator, passed, "1.1.0")).status).toBe(201);
    await expect.poll(async () => (await auditor.call("GET", tagOf("checked"))).json.version).toBe("1.1.0");
    expect((await auditor.call("GET", `/v1/promotions/${waiting.json.id}`)).json).toMatchObject({
      revision: 1,
      requestedBy: "ops",
    });
    expect((await auditor.call("GET", tagOf("checked"))).json.movedBy).toBe("ops");
  });

  it("that fails refuses what waits for it", async () => {
    await candidate(people, "checked", "1.2.0");
    const { json } = await move("checked", "1.2.0");
    await check(evaluator, { name: "evaluation", status: "failed", summary: "auc 0.4: connect ECONNREFUSED" }, "1.2.0");
    await expect
      .poll(async () => (await auditor.call("GET", `/v1/promotions/${json.id}`)).json)
      .toMatchObject({ status: "refused", explanation: expect.stringContaining("auc") });
    expect((await auditor.call("GET", tagOf("checked"))).json.version).toBe("1.1.0");
    // Its words are no fault of the database.
    expect(problemOf(await move("checked", "1.2.0"))).toEqual([403, "promotion_refused"]);
  });

  it("vouches for no image that others bring after it, and is not posted by who brings one", async () => {
    await candidate(people, "checked", "1.3.0");
    expect((await check(evaluator, passed, "1.3.0")).status).toBe(201);
    const { image, build, version } = service.registry.db;
    const { id, imageId } = await version.findFirstOrThrow({ where: { semver: "1.3.0", model: { name: "checked" } } });
    // As `POST …/builds` with an image leaves them.
    await image.update({ where: { id: imageId ?? "" }, data: { origin: "external", createdAt: new Date() } });
    await build.updateMany({ where: { versionId: id }, data: { external: {}, createdBy: "evaluator" } });
    const waiting = await move("checked", "1.3.0");
    expect([waiting.status, waiting.json.status]).toEqual([202, "waiting"]);
    expect(problemOf(await check(evaluator, passed, "1.3.0"))).toEqual([403, "check_own"]);
    expect((await ops.call("POST", `/v1/promotions/${waiting.json.id}/cancel`)).status).toBe(200);
  });

  it("is listed, the latest first, page by page", async () => {
    const url = "/v1/models/checked/versions/1.0.0/checks?limit=1";
    const first = (await auditor.call("GET", url)).json;
    expect(first.items).toMatchObject([{ name: "evaluation", status: "failed", createdBy: "both" }]);
    const second = (await auditor.call("GET", `${url}&cursor=${first.nextCursor}`)).json;
    expect([second.items[0].status, second.items[0].data, second.nextCursor]).toEqual(["passed", { auc: 0.93 }, null]);
  });
});
