import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import { beforeEach, describe, expect, it } from "vitest";
import { chainAudit } from "#core/audit/chain-audit.ts";
import { recordAudit } from "#core/audit/record-audit.ts";
import { verifyAudit } from "#core/audit/verify-audit.ts";
import type { Database } from "#core/database/client.ts";
import { slipwayActor } from "#core/registry.ts";
import { guardedService } from "#test/access.ts";
import { runEventsSample } from "#test/events-sample.ts";
import { serviceCommand } from "#test/service-command.ts";
import { testDatabase } from "#test/test-database.ts";
import { testSequencer } from "#test/test-sequencer.ts";
import { testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";

let db: Database;

beforeEach(async () => {
  ({ db } = await testDatabase());
  await fill(db);
});

async function fill(db: Database): Promise<void> {
  for (let row = 1; row <= 9; row += 1)
    await recordAudit(db, slipwayActor(), {
      action: "quota.set",
      object: `row-${row}`,
      objectId: `row-${row}`,
      model: null,
      after: { b: row, a: [1.5, "é", null], at: { deep: true } },
    });
  await chainAudit(db);
}

const verify = (after = 0, limit = 1_000) => verifyAudit(db, { after, limit });

describe("the audit's chain", () => {
  it("holds, in one go and in parts, and says its last hash", async () => {
    const whole = await verify();
    const [last] = await db.auditEntry.findMany({ where: { sequence: 9 } });
    const hash = Buffer.from(last?.hash ?? []).toString("hex");
    expect(whole).toEqual({ verified: 9, last: 9, hash, fault: null, done: true });
    expect(await verify(0, 4)).toMatchObject({ verified: 4, last: 4, fault: null, done: false });
    expect(await verify(4, 4)).toMatchObject({ verified: 4, last: 8, fault: null, done: false });
    expect(await verify(8, 4)).toEqual({ ...whole, verified: 1 });
    await expect(verify(10)).rejects.toMatchObject({ code: "invalid_request" });
  });

  it("does not hold where a row was edited, in whatever it says", async () => {
    await db.$executeRaw`CREATE TABLE kept AS SELECT * FROM audit WHERE sequence = 5`;
    const { id } = await db.auditEntry.findUniqueOrThrow({ where: { sequence: 5 } });
    for (const edit of [
      "actor = 'nobody'",
      "after = jsonb_set(after, '{at,deep}', 'false')",
      "before = '{}'",
      "at = at - interval '1 millisecond'",
      "request_id = 'another'",
      "hash = decode(repeat('11', 32), 'hex')",
    ]) {
      await db.$executeRawUnsafe(`UPDATE audit SET ${edit} WHERE sequence = 5`);
      expect([edit, await verify()]).toMatchObject([
        edit,
        { verified: 4, fault: { sequence: 5, id, what: "changed" } },
      ]);
      await db.$executeRaw`DELETE FROM audit WHERE sequence = 5`;
      await db.$executeRaw`INSERT INTO audit SELECT * FROM kept`;
      expect((await verify()).fault).toBeNull();
    }
  });

  it("does not hold where a row was removed: in the middle, in a line, at the end, or all of them", async () => {
    await db.$executeRaw`DELETE FROM audit WHERE sequence IN (4, 5)`;
    const fault = { sequence: 4, id: null, what: "removed", detail: "rows 4 to 5 are not there" };
    expect(await verify()).toMatchObject({ verified: 3, fault });
    expect((await verify(4)).fault).toMatchObject({ sequence: 4, what: "removed" });
    await db.$executeRaw`DELETE FROM audit WHERE sequence = 9`;
    expect((await verify(6)).fault).toMatchObject({ sequence: 9, what: "removed" });
    await db.$executeRaw`DELETE FROM audit`;
    expect((await verify()).fault).toMatchObject({ sequence: 1, what: "removed" });
  });

  it("does not hold where a row was put between others, or past the end", async () => {
    const copy = (sequence: number) =>
      db.$executeRaw`
        INSERT INTO audit (id, actor, action, object, object_id, sequence, hash)
        SELECT gen_random_uuid(), 'eve', action, 'forged', object_id, ${sequence}, hash FROM audit WHERE sequence = 6`;
    await copy(10);
    expect(await verify()).toMatchObject({ verified: 9, fault: { sequence: 10, what: "inserted" } });
    await db.$executeRaw`DELETE FROM audit WHERE sequence = 10`;
    await copy(12);
    expect(await verify()).toMatchObject({ verified: 9, fault: { sequence: 12, what: "inserted" } });
    await db.$executeRaw`DELETE FROM audit WHERE sequence = 12`;
    for (const outside of [0, -7]) {
      await copy(outside);
      expect(await verify()).toMatchObject({ verified: 0, fault: { sequence: outside, what: "inserted" } });
      await db.$executeRaw`DELETE FROM audit WHERE sequence < 1`;
    }
    const [{ hash }] = await db.$queryRaw<[{ hash: Uint8Array }]>`SELECT hash FROM sequences WHERE name = 'audit'`;
    await db.$executeRaw`UPDATE sequences SET hash = NULL WHERE name = 'audit'`;
    expect((await verify()).fault).toMatchObject({ what: "changed" });
    await db.$executeRaw`UPDATE sequences SET hash = ${hash} WHERE name = 'audit'`;
    await db.$executeRaw`DROP INDEX audit_sequence_key`;
    await copy(6);
    expect((await verify()).fault?.sequence).toBe(6);
  });

  it("does not hold against a head noted elsewhere when all its hashes were made anew", async () => {
    const service = await testService();
    const { db } = service.registry;
    await fill(db);
    const { hash } = await verifyAudit(db, { after: 0, limit: 100 });
    const noted = `9:${hash}`;
    const run = (...words: string[]) => serviceCommand(service, "verify-audit", words);
    expect(await run("--head", noted)).toMatchObject({
      code: 0,
      output: expect.stringContaining(`the last is ${noted}`),
    });
    await db.$executeRaw`UPDATE audit SET actor = 'nobody' WHERE sequence = 2`;
    const edited = await run("--json");
    expect(edited.code).toBe(1);
    expect(JSON.parse(edited.output).fault).toMatchObject({ sequence: 2, what: "changed" });
    await db.$executeRaw`UPDATE audit SET sequence = NULL, hash = NULL`;
    await db.$executeRaw`UPDATE sequences SET last = 0, hash = NULL WHERE name = 'audit'`;
    await chainAudit(db);
    expect((await verifyAudit(db, { after: 0, limit: 100 })).fault).toBeNull();
    expect(await run("--head", noted)).toMatchObject({ code: 1, output: expect.stringContaining("row 9 changed") });
    expect(await run("--head", `12:${hash}`)).toMatchObject({
      code: 1,
      output: expect.stringContaining("row 10 removed"),
    });
    expect((await run("--head", "9")).code).toBe(2);
  });
});

describe("the chain over the API", () => {
  it("is for administrators of everything, who can make it again from what is exported", async () => {
    const service = await guardedService();
    testSequencer(service.registry);
    const reader = await service.identity("reader", [{ role: "administrator", pattern: "a.*" }]);
    for (const path of ["head", "verify", "export"])
      expect((await reader.call("GET", `/v1/audit/${path}`)).status).toBe(403);
    const { admin } = service;
    await admin("POST", "/v1/models", { json: { name: "a.churn", description: "änderung" } });
    await waitUntil("all is chained", async () => {
      return (await service.registry.db.auditEntry.count({ where: { sequence: null } })) === 0;
    });
    const head = (await admin("GET", "/v1/audit/head")).json;
    const { json } = await admin("GET", "/v1/audit/verify");
    expect(json).toEqual({ verified: head.sequence, last: head.sequence, hash: head.hash, fault: null, done: true });
    expect((await admin("GET", `/v1/audit/verify?after=${head.sequence + 1}`)).status).toBe(400);

    const exported = await admin("GET", "/v1/audit/export");
    expect(exported.headers["content-type"]).toBe("application/x-ndjson");
    const lines = exported.bytes.toString().trimEnd().split("\n");
    expect(lines).toHaveLength(head.sequence);
    let hash = Buffer.alloc(32);
    for (const line of lines) {
      const { hash: claimed, ...row } = JSON.parse(line);
      hash = createHash("sha256")
        .update(hash)
        .update(canonicalize(row) ?? "")
        .digest();
      expect(hash.toString("hex")).toBe(claimed);
    }
    expect(hash.toString("hex")).toBe(head.hash);
    const checked = (text: string) => runEventsSample("the last hash is", { input: text });
    expect(checked(exported.bytes.toString())).toBe(`all rows hold; the last hash is ${head.hash}\n`);
    const forged = exported.bytes.toString().replace('"actor":"administrator"', '"actor":"nobody"');
    expect(() => checked(forged)).toThrow("does not hold");
    expect((await admin("GET", "/v1/audit/export?after=1")).bytes.toString().split("\n")[0]).toBe(lines[1]);
  });
});
