import { beforeAll, describe, expect, it } from "vitest";
import { candidate, problemOf, promotionPeople } from "#test/promotion-people.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { testWorker } from "#test/test-worker.ts";

const people = await promotionPeople({ SLIPWAY_RECONCILE_SECONDS: "0.5" });
const { service, ops, otherOps, lead, owner, auditor } = people;
const { admin, registry } = service;
testWorker(registry, smallImageBuilder());

const tagOf = (model: string, tag = "prod") => `/v1/models/${model}/tags/${tag}`;
const ask = (model: string, version: string, more: object = {}, who = ops) =>
  who.call("PUT", tagOf(model), { json: { version, ...more } });
const decide = (who: typeof ops, id: string, decision = "approved", comment = "") =>
  who.call("POST", `/v1/promotions/${id}/approvals`, { json: { decision, comment } });
const read = async (id: string) => (await auditor.call("GET", `/v1/promotions/${id}`)).json;
const policy = (models: string, rules: object) => admin("PUT", `/v1/policies/${models}/prod`, { json: rules });
const versionAt = async (model: string) => (await auditor.call("GET", tagOf(model))).json.version;
const ended = (id: string) => expect.poll(async () => (await read(id)).status);

beforeAll(async () => {
  await policy("*", { approvals: { count: 2 } });
  for (const version of ["1.0.0", "1.1.0", "1.2.0"]) await candidate(people, "churn", version);
});

describe("a promotion", () => {
  it("moves its tag with the last approval that was missing, and keeps who gave them", async () => {
    const asked = await ask("churn", "1.0.0", { reason: "release 12" });
    expect([asked.status, asked.json.status]).toEqual([202, "waiting"]);
    const first = await decide(lead, asked.json.id, "approved", "looks right");
    expect([first.status, first.json.status]).toEqual([200, "waiting"]);
    expect(first.json.verdicts).toMatchObject([
      { rule: "approvals", status: "waiting", reason: "1 of 2 approvals of the role approver by lead" },
    ]);
    expect((await auditor.call("GET", tagOf("churn"))).status).toBe(404);
    const second = await decide(owner, asked.json.id);
    expect(["applying", "done"]).toContain(second.json.status);
    await ended(asked.json.id).toBe("done");
    const { items } = (await auditor.call("GET", `${tagOf("churn")}/history`)).json;
    expect(items).toMatchObject([
      {
        to: "1.0.0",
        movedBy: "ops",
        reason: "release 12",
        promotion: {
          id: asked.json.id,
          approvals: [
            { approver: "lead", decision: "approved", comment: "looks right", roles: ["approver"] },
            { approver: "owner", decision: "approved" },
          ],
        },
      },
    ]);
    expect(problemOf(await decide(otherOps, asked.json.id))).toEqual([409, "promotion_ended"]);
  });

  it("is not approved by who has asked for it, nor twice by one, nor by who has no right to", async () => {
    const { json } = await ask("churn", "1.1.0", {}, otherOps);
    expect(problemOf(await decide(otherOps, json.id))).toEqual([403, "promotion_own"]);
    expect(problemOf(await decide(ops, json.id))).toEqual([403, "forbidden"]);
    await decide(lead, json.id);
    expect((await decide(lead, json.id)).json.status).toBe("waiting");
    expect((await read(json.id)).approvals).toHaveLength(1);
    expect(await versionAt("churn")).toBe("1.0.0");
    await otherOps.call("POST", `/v1/promotions/${json.id}/cancel`);
  });

  it("is asked for, approved and cancelled once where the request comes twice", async () => {
    const once = (who: typeof ops, url: string, json: object, key: string) => () =>
      who.call("POST", url, { json, headers: { "idempotency-key": key } });
    const asking = once(ops, "/v1/models/churn/promotions", { tag: "prod", version: "1.1.0" }, "ask");
    const [first, second] = [await asking(), await asking()];
    expect([first.status, second.status, second.json]).toEqual([202, 202, first.json]);
    const approving = once(lead, `/v1/promotions/${first.json.id}/approvals`, { decision: "approved" }, "approve");
    expect((await approving()).json).toEqual((await approving()).json);
    const cancelling = once(ops, `/v1/promotions/${first.json.id}/cancel`, {}, "cancel");
    expect((await cancelling()).json).toEqual((await cancelling()).json);
    const rows = await registry.db.auditEntry.groupBy({
      by: ["action"],
      where: { objectId: first.json.id },
      _count: true,
      orderBy: { action: "asc" },
    });
    expect(rows.map(({ action, _count }) => [action, _count])).toEqual([
      ["promotion.approve", 1],
      ["promotion.cancel", 1],
      ["promotion.wait", 1],
    ]);
  });

  it("ends with a rejection", async () => {
    const { json } = await ask("churn", "1.1.0");
    const rejected = await decide(lead, json.id, "rejected", "not before the audit");
    expect(rejected.json).toMatchObject({
      status: "refused",
      endedBy: "lead",
      explanation: "lead has rejected it: not before the audit",
    });
    expect(await versionAt("churn")).toBe("1.0.0");
  });

  it("is cancelled by who may promote, once and again", async () => {
    const { json } = await ask("churn", "1.1.0");
    const cancel = (who: typeof ops) =>
      who.call("POST", `/v1/promotions/${json.id}/cancel`, { json: { reason: "a typo" } });
    expect(problemOf(await cancel(lead))).toEqual([403, "forbidden"]);
    expect((await cancel(otherOps)).json).toMatchObject({
      status: "cancelled",
      explanation: "other-ops has cancelled it: a typo",
    });
    expect((await cancel(ops)).json.endedBy).toBe("other-ops");
    expect(problemOf(await decide(lead, json.id))).toEqual([409, "promotion_ended"]);
  });

  it("keeps others of its tag from being asked for while it waits, but not a rollback", async () => {
    await service.admin("POST", `${tagOf("churn")}/rollback`, { json: { to: 1, force: true, reason: "x" } });
    const { json } = await ask("churn", "1.1.0");
    expect(problemOf(await ask("churn", "1.2.0"))).toEqual([409, "promotion_open"]);
    expect((await ask("churn", "1.1.0")).json.id).toBe(json.id);
    // The same version, asked for as something else.
    const later = new Date(Date.now() + 3_600_000).toISOString();
    for (const more of [{ notBefore: later }, { breaksSignature: true }])
      expect(problemOf(await ask("churn", "1.1.0", more))).toEqual([409, "promotion_open"]);
    const dry = (version: string) =>
      ops.call("POST", "/v1/models/churn/promotions?dryRun=true", { json: { tag: "prod", version } });
    expect(problemOf(await dry("1.2.0"))).toEqual([409, "promotion_open"]);
    expect((await dry("1.1.0")).json.outcome).toBe("waits");
    await decide(lead, json.id);
    await decide(owner, json.id);
    await ended(json.id).toBe("done");
    const next = await ask("churn", "1.2.0");
    const back = await ops.call("POST", `${tagOf("churn")}/rollback`, { json: { force: true, reason: "it is slow" } });
    expect(back.json.version).toBe("1.0.0");
    expect(await read(next.json.id)).toMatchObject({
      status: "cancelled",
      explanation: "a rollback of churn:prod to 1.0.0 took its place",
    });
  });

  it("is kept when the rollback that it is is asked for again", async () => {
    const { revision } = (await auditor.call("GET", tagOf("churn"))).json;
    const back = (to: number) => ops.call("POST", `${tagOf("churn")}/rollback`, { json: { to } });
    const { status, json } = await back(2);
    expect([status, json.status]).toEqual([202, "waiting"]);
    await decide(lead, json.id);
    expect((await back(2)).json).toMatchObject({ id: json.id, approvals: [{ approver: "lead" }] });
    expect((await back(revision)).json.version).toBe("1.0.0");
    expect((await read(json.id)).status).toBe("cancelled");
  });

  it("is cancelled by a rollback to where its tag is", async () => {
    const { json } = await ask("churn", "1.2.0");
    const { revision } = (await auditor.call("GET", tagOf("churn"))).json;
    const back = await ops.call("POST", `${tagOf("churn")}/rollback`, { json: { to: revision } });
    expect([back.status, back.json.revision]).toEqual([200, revision]);
    expect((await read(json.id)).status).toBe("cancelled");
  });

  it("fails when its tag is removed", async () => {
    const { json } = await ask("churn", "1.1.0");
    await ops.call("DELETE", `${tagOf("churn")}?force=true&reason=retired`);
    expect(await read(json.id)).toMatchObject({ status: "failed", explanation: "churn:prod was removed" });
  });

  it("that there is not is not found", async () => {
    for (const id of ["0", "00000000-0000-7000-8000-000000000000"])
      for (const [path, json] of [
        ["approvals", { decision: "approved" }],
        ["cancel", {}],
      ] as const)
        expect(problemOf(await admin("POST", `/v1/promotions/${id}/${path}`, { json }))).toEqual([
          404,
          "promotion_not_found",
        ]);
    expect(problemOf(await admin("GET", "/v1/promotions/0"))).toEqual([404, "promotion_not_found"]);
  });

  it("is not seen nor decided by who does not see its model", async () => {
    const { json } = await ask("churn", "1.1.0");
    const stranger = await service.identity("stranger", [{ role: "administrator", pattern: "other.*" }]);
    expect(problemOf(await stranger.call("GET", `/v1/promotions/${json.id}`))).toEqual([404, "promotion_not_found"]);
    expect(problemOf(await decide(stranger, json.id))).toEqual([404, "promotion_not_found"]);
    expect((await stranger.call("GET", "/v1/promotions?model=churn")).json.items).toEqual([]);
    await ops.call("POST", `/v1/promotions/${json.id}/cancel`);
  });
});

describe("an approval is void", () => {
  const waiting = async (model: string) => {
    await candidate(people, model, "1.0.0");
    const { json } = await ask(model, "1.0.0");
    await decide(lead, json.id);
    return json.id as string;
  };

  it("when the policies are others than those that it was given under", async () => {
    const id = await waiting("ruled");
    await policy("ruled", { conditions: [{ expression: "candidate.number >= 1" }] });
    const second = await decide(owner, id);
    expect(second.json.status).toBe("waiting");
    expect(second.json.verdicts.find((each: { rule: string }) => each.rule === "approvals").reason).toMatch(
      /1 of 2.*by owner.*void: lead/,
    );
    await decide(lead, id);
    await ended(id).toBe("done");
  });

  it("where the policy that asked for it is ended: the promotion fails", async () => {
    await policy("ended", { approvals: { count: 2 } });
    const id = await waiting("ended");
    expect((await admin("DELETE", "/v1/policies/ended/prod")).status).toBe(204);
    expect((await decide(owner, id)).json).toMatchObject({
      status: "failed",
      explanation: "the policy ended/prod, under which it waited, was ended: ask anew",
    });
  });

  it("when the image is another: the promotion is refused", async () => {
    const id = await waiting("swapped");
    const other = `sha256:${"a".repeat(64)}`;
    await registry.db.image.updateMany({ where: { version: { model: { name: "swapped" } } }, data: { digest: other } });
    const second = await decide(owner, id);
    expect(second.json).toMatchObject({ status: "refused", explanation: expect.stringContaining(other) });
    expect((await auditor.call("GET", tagOf("swapped"))).status).toBe(404);
  });

  it("when the version went out of use: the promotion fails", async () => {
    const id = await waiting("archived");
    expect((await admin("POST", "/v1/models/archived/versions/1.0.0/archive")).status).toBe(200);
    expect((await decide(owner, id)).json.status).toBe("failed");
  });

  it("when the tag has moved meanwhile: the promotion fails", async () => {
    const id = await waiting("moved");
    // Every way of the API to move it ends the promotion first.
    await registry.db.promotion.update({ where: { id }, data: { fromRevision: 5 } });
    expect((await decide(owner, id)).json).toMatchObject({
      status: "failed",
      explanation: expect.stringContaining("has moved since"),
    });
  });

  it("where who gave it is disabled, or may not approve any more", async () => {
    const gone = await service.identity("gone", [{ role: "approver", pattern: "*" }]);
    const id = await waiting("unsure");
    await decide(lead, id, "rejected");
    const { json } = await ask("unsure", "1.0.0");
    await decide(gone, json.id);
    for (const change of [{ disabled: true }, { disabled: false, grants: [{ role: "reader", pattern: "*" }] }]) {
      expect((await admin("PATCH", "/v1/identities/gone", { json: change })).status).toBe(200);
      const second = await decide(owner, json.id);
      expect(second.json.status).toBe("waiting");
      expect(second.json.verdicts.find((each: { rule: string }) => each.rule === "approvals").reason).toMatch(
        /^1 of 2.*by owner; without that role: gone/,
      );
    }
    await decide(lead, json.id, "rejected", "no\nmore\u202e");
    expect((await read(json.id)).explanation).toBe("lead has rejected it: no more ");
  });

  it("not where who gave it may approve by a group of the last sign-in", async () => {
    const grouped = await service.identity("grouped", [{ role: "approver", pattern: "*" }]);
    await candidate(people, "by-group", "1.0.0");
    const { json } = await ask("by-group", "1.0.0");
    await decide(grouped, json.id);
    const groupGrants = [{ role: "approver", pattern: "*", tags: null }];
    await registry.db.identity.update({ where: { name: "grouped" }, data: { grants: [], groupGrants } });
    expect((await decide(lead, json.id)).json.status).toMatch(/^(applying|done)$/);
  });

  it("of no use where who has asked may not promote any more", async () => {
    const id = await waiting("left");
    await admin("PATCH", "/v1/identities/ops", { json: { disabled: true } });
    expect((await decide(owner, id)).json).toMatchObject({
      status: "refused",
      explanation: expect.stringContaining("ops"),
    });
    await admin("PATCH", "/v1/identities/ops", { json: { disabled: false } });
  });
});

describe("a promotion for a time", () => {
  it("moves its tag then, and not before", async () => {
    await candidate(people, "timed", "1.0.0");
    await admin("DELETE", "/v1/policies/*/prod");
    const notBefore = new Date(Date.now() + 50_000);
    const { status, json } = await ask("timed", "1.0.0", { notBefore: notBefore.toISOString() });
    expect([status, json.status, json.notBefore]).toEqual([202, "waiting", notBefore.toISOString()]);
    expect(json.verdicts).toMatchObject([
      { policy: null, rule: "schedule", status: "waiting", holdsAt: notBefore.toISOString() },
    ]);
    const work = { subjectId: json.id as string };
    const { runAfter } = await registry.db.work.findFirstOrThrow({ where: work });
    expect(Math.abs(runAfter.getTime() - notBefore.getTime())).toBeLessThan(5_000);
    // As if most of it had passed.
    const soon = new Date(Date.now() + 1_500);
    await registry.db.promotion.update({ where: { id: json.id }, data: { notBefore: soon } });
    await registry.db.work.updateMany({ where: work, data: { runAfter: soon } });
    await expect.poll(() => versionAt("timed")).toBe("1.0.0");
    const { movedAt } = (await auditor.call("GET", tagOf("timed"))).json;
    expect(Date.parse(movedAt)).toBeGreaterThanOrEqual(soon.getTime());
  });

  it("fails when it has waited for too long", async () => {
    await policy("timed", { checks: ["never"], waitHours: 0.01 });
    await candidate(people, "timed", "1.1.0");
    const { json } = await ask("timed", "1.1.0");
    const past = new Date(Date.now() - 1);
    await registry.db.promotion.update({ where: { id: json.id }, data: { waitsUntil: past } });
    await registry.db.work.updateMany({ where: { subjectId: json.id }, data: { runAfter: past } });
    await ended(json.id).toBe("failed");
    expect((await read(json.id)).explanation).toContain("checks");
  });

  it("fails when its tag's name is taken by one that differs in case alone", async () => {
    const notBefore = new Date(Date.now() + 3_600_000).toISOString();
    const put = (tag: string, more: object) =>
      ops.call("PUT", tagOf("timed", tag), { json: { version: "1.0.0", ...more } });
    const { json } = await put("live", { notBefore });
    expect((await put("LIVE", {})).status).toBe(201);
    const past = new Date(Date.now() - 1_000);
    await registry.db.promotion.update({ where: { id: json.id }, data: { notBefore: past } });
    await registry.db.work.updateMany({ where: { subjectId: json.id }, data: { runAfter: past } });
    await ended(json.id).toBe("failed");
    expect((await read(json.id)).explanation).toContain("case alone");
  });

  it("waits for another tag to have pointed at the version for long enough", async () => {
    await policy("timed", { soak: { tag: "staging", hours: 24 } });
    const refused = await ask("timed", "1.1.0");
    expect([problemOf(refused), refused.json.detail]).toEqual([
      [403, "promotion_refused"],
      expect.stringContaining("move staging to it first"),
    ]);
    await ops.call("PUT", tagOf("timed", "staging"), { json: { version: "1.1.0" } });
    const { json } = await ask("timed", "1.1.0");
    const [soak] = json.verdicts;
    expect([json.status, soak.rule, soak.status]).toEqual(["waiting", "soak", "waiting"]);
    expect(Date.parse(soak.holdsAt) - Date.now()).toBeGreaterThan(23.9 * 3_600_000);
    const dayAgo = new Date(Date.now() - 25 * 3_600_000);
    await registry.db.tagMove.updateMany({ where: { tag: "staging" }, data: { movedAt: dayAgo } });
    await registry.db.work.updateMany({ where: { subjectId: json.id }, data: { runAfter: dayAgo } });
    await expect.poll(() => versionAt("timed")).toBe("1.1.0");
  });

  it("is asked for with a time that is one, within a year", async () => {
    for (const notBefore of ["tomorrow", new Date(Date.now() + 400 * 24 * 3_600_000).toISOString()])
      expect(problemOf(await ask("timed", "1.0.0", { notBefore }))).toEqual([400, "invalid_request"]);
  });
});
