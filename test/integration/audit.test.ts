import { describe, expect, it } from "vitest";
import { newToken } from "#core/access/token.ts";
import { openRefusals, type Refusal } from "#core/audit/record-refusal.ts";
import { newId } from "#core/database/ids.ts";
import { makeLogger } from "#core/logger.ts";
import { redactor } from "#core/redact.ts";
import type { Actor } from "#core/registry.ts";
import { guardedService } from "#test/access.ts";
import { finished } from "#test/sealed.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { testDatabase } from "#test/test-database.ts";
import { type Answer, testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";
import { waitUntil } from "#test/wait-until.ts";

const predictor =
  "class Predictor:\n    def __init__(self, d):\n        pass\n\n    def predict(self, i):\n        return i\n";

const service = await guardedService();
const { admin, registry } = service;
testWorker(registry, smallImageBuilder());
const ana = await service.identity("ana", [{ role: "administrator", pattern: "a.*" }]);
const ben = await service.identity("ben", [{ role: "reader", pattern: "b.*" }]);
const auditor = await service.identity("auditor", [{ role: "reader", pattern: "*" }]);
const both = await service.identity("both", [
  { role: "reader", pattern: "a.*" },
  { role: "administrator", pattern: "b.*" },
]);

const made = (answer: Answer) => {
  if (answer.status >= 300) throw new Error(`answered ${answer.status}: ${answer.bytes}`);
  return answer;
};
const rows = (answer: Answer) => made(answer).json.items;
const told = (answer: Answer) => rows(answer).map(({ action, object }: Row) => `${action} ${object}`);

interface Row {
  id: string;
  at: string;
  actor: string;
  action: string;
  object: string;
  model: string | null;
  address: string | null;
}

made(await ana.call("POST", "/v1/models", { json: { name: "a.churn", title: "Churn" } }));
made(await ana.call("POST", "/v1/models/a.churn/versions", { json: { version: "1.0.0" } }));
const file = "/v1/models/a.churn/versions/1.0.0/files/src/predictor.py";
made(await ana.call("PUT", file, { bytes: predictor }));
const sealing = { headers: { "x-request-id": "the-sealing" } };
const seal = made(await ana.call("POST", "/v1/models/a.churn/versions/1.0.0/seal", sealing));
await finished({ ...service, call: ana.call }, seal.json.build.id);
made(await ana.call("PUT", "/v1/models/a.churn/tags/prod", { json: { version: "1.0.0", reason: "first" } }));
made(await admin("POST", "/v1/models", { json: { name: "b.scores" } }));

/** Of the tags that follow versions: one each. */
const isByRule = ({ action, actor }: Row) => action === "tag.move" && actor === "slipway";

describe("the audit", () => {
  it("says who did what to what, the latest first, with what it was before and after", async () => {
    const items = rows(await ana.call("GET", "/v1/audit")).filter((row: Row) => !isByRule(row));
    expect(items.map(({ action, object, actor }: Row) => [action, object, actor])).toEqual([
      ["tag.move", "a.churn:prod", "ana"],
      ["build.succeed", "a.churn:1.0.0", "slipway"],
      ["version.seal", "a.churn:1.0.0", "ana"],
      ["file.put", "a.churn:1.0.0/src/predictor.py", "ana"],
      ["version.create", "a.churn:1.0.0", "ana"],
      ["model.create", "a.churn", "ana"],
    ]);
    expect(items[0]).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      actor: "ana",
      action: "tag.move",
      object: "a.churn:prod",
      model: "a.churn",
      before: { version: null, revision: null },
      after: {
        version: "1.0.0",
        imageDigest: expect.stringMatching(/^sha256:/),
        revision: 1,
        reason: "first",
        promotion: expect.any(String),
      },
      requestId: expect.any(String),
      address: "127.0.0.1",
      tokenId: ana.tokenId,
    });
  });

  it("has the result of a build under the request that asked for it", async () => {
    const items = rows(await ana.call("GET", "/v1/audit?model=a.churn"));
    const ofRequest = items.filter(({ requestId }: { requestId: string }) => requestId === "the-sealing");
    const actions = ofRequest.map(({ action }: Row) => action);
    expect(actions.sort()).toEqual(["build.succeed", "tag.move", "tag.move", "tag.move", "version.seal"]);
    const built = ofRequest.find(({ action }: Row) => action === "build.succeed");
    expect(built).toMatchObject({ actor: "slipway", address: null, tokenId: null });
  });

  it("is found by model, actor, and action or the beginning of one", async () => {
    expect(told(await admin("GET", "/v1/audit?model=b.scores"))).toEqual(["model.create b.scores"]);
    const deeds = told(await admin("GET", "/v1/audit?actor=slipway"));
    const byRule = ["1", "1.0", "latest"].map((tag) => `tag.move a.churn:${tag}`);
    expect(deeds.sort()).toEqual(["build.succeed a.churn:1.0.0", ...byRule]);
    expect(told(await admin("GET", "/v1/audit?action=version.seal"))).toEqual(["version.seal a.churn:1.0.0"]);
    expect(told(await admin("GET", "/v1/audit?action=version."))).toEqual([
      "version.seal a.churn:1.0.0",
      "version.create a.churn:1.0.0",
    ]);
    expect(told(await ana.call("GET", "/v1/audit?action=version."))).toHaveLength(2);
    expect(told(await ana.call("GET", "/v1/audit?action=model.create&actor=ana"))).toEqual(["model.create a.churn"]);
    expect(told(await admin("GET", "/v1/audit?model=a.churn&actor=slipway&action=build."))).toHaveLength(1);
    for (const nothing of [
      "model=a.chur",
      "actor=an",
      "action=versio.",
      "action=version.sea",
      "actor=ana&action=build.",
    ])
      expect([nothing, told(await admin("GET", `/v1/audit?${nothing}`))]).toEqual([nothing, []]);
  });

  it("is found by time: from a moment, itself included, to a moment, itself not", async () => {
    const items: Row[] = rows(await ana.call("GET", "/v1/audit"));
    const sealed = items.find(({ action }) => action === "version.seal") as Row;
    const from = rows(await ana.call("GET", `/v1/audit?from=${sealed.at}`)).map(({ id }: Row) => id);
    const to = rows(await ana.call("GET", `/v1/audit?to=${sealed.at}`)).map(({ id }: Row) => id);
    expect(from).toContain(sealed.id);
    expect(to).not.toContain(sealed.id);
    expect([...from, ...to]).toEqual(items.map(({ id }) => id));
    const elsewhere = sealed.at.replace("Z", "%2B00:00");
    expect(rows(await admin("GET", `/v1/audit?model=a.churn&from=${elsewhere}`)).map(({ id }: Row) => id)).toEqual(
      from,
    );
    expect(told(await admin("GET", "/v1/audit?from=9999-12-31T23:59:59Z"))).toEqual([]);
    expect(told(await admin("GET", "/v1/audit?to=0001-01-01T00:00:00Z"))).toEqual([]);
  });

  it.each([
    ["from=yesterday"],
    ["from=2026-11-23"],
    ["from=2016-12-31T23:59:60Z"],
    ["action=tag"],
    ["action=tag.*"],
    ["limit=0"],
    ["cursor=abc"],
    [`cursor=${Buffer.from(JSON.stringify(["audit", "no id"])).toString("base64url")}`],
    [`cursor=${Buffer.from(JSON.stringify(["models", newId()])).toString("base64url")}`],
    ["modle=a.churn"],
    ["model=%00"],
  ])("refuses %s", async (query) => {
    expect((await admin("GET", `/v1/audit?${query}`)).status).toBe(400);
  });

  it("is read in pages that hold each row once", async () => {
    for (const query of ["", "actor=ana&", "action=version.&", "model=a.churn&"]) {
      const all = rows(await ana.call("GET", `/v1/audit?${query}limit=100`)).map(({ id }: Row) => id);
      const paged: string[] = [];
      for (let next = ""; ; ) {
        const page = made(await ana.call("GET", `/v1/audit?${query}limit=1${next}`)).json;
        paged.push(...page.items.map(({ id }: Row) => id));
        if (page.nextCursor === null) break;
        next = `&cursor=${page.nextCursor}`;
      }
      expect(paged).toEqual(all);
    }
  });
});

describe("of the audit a caller sees", () => {
  it("its own models, and nothing of others' whatever it asks for", async () => {
    expect(told(await ben.call("GET", "/v1/audit"))).toEqual(["model.create b.scores"]);
    for (const query of [
      "model=a.churn",
      "actor=ana",
      "action=version.",
      "action=tag.move",
      "actor=ana&action=version.seal",
    ])
      expect([query, told(await ben.call("GET", `/v1/audit?${query}`))]).toEqual([query, []]);
    expect(told(await both.call("GET", "/v1/audit"))).toHaveLength(10);
  });

  it("what is no model's only with the administration of everything", async () => {
    const all = told(await admin("GET", "/v1/audit?limit=100"));
    expect(all).toEqual(expect.arrayContaining(["identity.create ana", "token.create ana/of the tests"]));
    const ofModels = told(await auditor.call("GET", "/v1/audit?limit=100"));
    expect(ofModels).toHaveLength(10);
    for (const caller of [ana, ben, auditor]) {
      expect(told(await caller.call("GET", "/v1/audit?action=identity."))).toEqual([]);
      expect(told(await caller.call("GET", "/v1/audit?actor=administrator")).join()).not.toContain("token.create");
    }
  });

  it("addresses and tokens only of models that it administers", async () => {
    const seen = rows(await both.call("GET", "/v1/audit"));
    const addresses = (of: string) =>
      new Set(seen.filter(({ model }: Row) => model === of).map(({ address }: Row) => address));
    expect(addresses("b.scores")).toEqual(new Set(["127.0.0.1"]));
    expect(addresses("a.churn")).toEqual(new Set([null]));
    for (const row of rows(await auditor.call("GET", "/v1/audit?actor=ana")))
      expect([row.address, row.tokenId]).toEqual([null, null]);
  });

  it("only what a narrowed token lets it see", async () => {
    const { json } = await admin("POST", "/v1/identities/both/tokens", {
      json: { name: "narrow", grants: [{ role: "administrator", pattern: "a.*" }] },
    });
    const narrow = service.as(json.token);
    const seen = rows(await narrow("GET", "/v1/audit"));
    expect(new Set(seen.map(({ model }: Row) => model))).toEqual(new Set(["a.churn"]));
    expect(new Set(seen.map(({ address }: Row) => address))).toEqual(new Set([null]));
  });

  it("that a model left its sight, and not under which name", async () => {
    made(await admin("POST", "/v1/models", { json: { name: "b.leaving" } }));
    made(await admin("PATCH", "/v1/models/b.leaving", { json: { name: "a.arrived", title: "Hush" } }));
    const [left] = rows(await ben.call("GET", "/v1/audit?model=b.leaving"));
    expect(left).toMatchObject({ action: "model.update", before: { name: "b.leaving" }, after: null });
    expect(told(await ben.call("GET", "/v1/audit?model=a.arrived"))).toEqual([]);
    const [whole] = rows(await both.call("GET", "/v1/audit?model=b.leaving"));
    expect(whole.after).toMatchObject({ name: "a.arrived", title: "Hush" });
  });

  it("of the secret of a token nothing, in no row", async () => {
    const all = made(await admin("GET", "/v1/audit?limit=100")).bytes.toString();
    for (const { token } of [ana, ben, both, auditor]) expect(all).not.toContain(token.slice(5));
  });
});

it("with access off everybody sees all, the address among it", async () => {
  const open = await testService();
  await open.call("POST", "/v1/models", { json: { name: "churn" } });
  const [row] = rows(await open.call("GET", "/v1/audit"));
  expect(row).toMatchObject({ actor: "anonymous", action: "model.create", address: "127.0.0.1", tokenId: null });
});

describe("a refusal in the audit", () => {
  const asks: Refusal = {
    operation: "moveTag",
    right: "promote",
    model: "a.churn",
    object: "PUT /v1/models/a.churn/tags/prod",
  };
  const actor = (name: string): Actor => ({ name, requestId: "r1", address: "192.0.2.7", tokenId: newId() });

  async function refusalsWithClock() {
    const { db } = await testDatabase();
    const clock = { ms: 0 };
    const refusals = openRefusals({ db, log: registry.log, redact: redactor(registry.config) }, () => clock.ms);
    const written = async () => {
      await refusals.close();
      const omit = { ordinal: true, sequence: true, hash: true } as const;
      return db.auditEntry.findMany({ where: { action: "access.refuse" }, orderBy: { id: "asc" }, omit });
    };
    return { clock, refusals, written };
  }

  it("is seen where the model is, and without what stood in the query", async () => {
    const url = "/v1/models/a.churn/tags/prod?reason=hush";
    expect((await both.call("DELETE", url)).status).toBe(403);
    expect((await ben.call("DELETE", url)).status).toBe(404);
    const refused = await waitUntil("both refusals are recorded", async () => {
      const found = rows(await ana.call("GET", "/v1/audit?action=access.refuse"));
      return found.length === 2 ? found : null;
    });
    expect(refused.map(({ actor }: Row) => actor).sort()).toEqual(["ben", "both"]);
    for (const row of refused)
      expect(row).toMatchObject({
        object: "DELETE /v1/models/a.churn/tags/prod",
        model: "a.churn",
        address: "127.0.0.1",
        after: { operation: "removeTag", right: "promote" },
      });
    expect(told(await ben.call("GET", "/v1/audit?action=access.refuse"))).toEqual([]);
  });

  it("says who asked for what, from where, and which right was missing", async () => {
    const { refusals, written } = await refusalsWithClock();
    const ben = actor("ben");
    refusals.note(ben, asks);
    expect(await written()).toEqual([
      expect.objectContaining({
        actor: "ben",
        action: "access.refuse",
        object: "PUT /v1/models/a.churn/tags/prod",
        model: "a.churn",
        before: null,
        after: { operation: "moveTag", right: "promote" },
        requestId: "r1",
        address: "192.0.2.7",
        tokenId: ben.tokenId,
      }),
    ]);
  });

  it("comes once a minute of the same actor, operation and model, and the next says how many were left out", async () => {
    const { clock, refusals, written } = await refusalsWithClock();
    for (let time = 0; time < 1_000; time += 1) refusals.note(actor("ben"), asks);
    expect(await written()).toHaveLength(1);
    clock.ms += 60_000;
    refusals.note(actor("ben"), asks);
    const { operation, right } = asks;
    const after = (await written()).map((row) => row.after);
    expect(after).toHaveLength(2);
    expect(after).toEqual(
      expect.arrayContaining([
        { operation, right },
        { operation, right, leftOut: 999 },
      ]),
    );
  });

  it("holds no query string, no control character, and no name longer than one can be", async () => {
    const { refusals, written } = await refusalsWithClock();
    refusals.note(actor("ben"), { ...asks, object: "GET /v1/audit?token=slpw_hush#more" });
    const long = `a.\u0000\u001b[31m\ud800\u202e${"x".repeat(5_000)}`;
    refusals.note(actor("eve"), { ...asks, model: long, object: `GET /v1/models/${long}\n?token=hush` });
    const rows = await written();
    const [plain, cleaned] = ["ben", "eve"].map((name) => rows.find((row) => row.actor === name));
    expect(plain?.object).toBe("GET /v1/audit");
    expect(cleaned?.object).toBe(`GET /v1/models/a.[31m${"x".repeat(300)}`.slice(0, 300));
    expect(cleaned?.model).toBe(`a.[31m${"x".repeat(128 - 6)}`);
  });

  it("holds no token that somebody put into a path", async () => {
    const token = newToken("token");
    const { refusals, written } = await refusalsWithClock();
    refusals.note(actor("ben"), { ...asks, model: token, object: `GET /v1/models/${token}` });
    expect(JSON.stringify(await written())).not.toContain(token);
  });

  it("that cannot be written is in the log, and stops nobody", async () => {
    const lines: string[] = [];
    const log = makeLogger({ level: "warn", part: "test", destination: { write: (line) => lines.push(line) } });
    const { db } = await testDatabase();
    await db.$executeRaw`ALTER TABLE audit RENAME TO gone`;
    const refusals = openRefusals({ db, log, redact: redactor(registry.config) });
    refusals.note(actor("ben"), asks);
    await refusals.close();
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ operation: "moveTag", msg: "a refusal was not recorded" });
  });
});
