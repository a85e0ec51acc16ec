import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { chainAudit } from "#core/audit/chain-audit.ts";
import { recordAudit } from "#core/audit/record-audit.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { numberEvents } from "#core/events/number-events.ts";
import { readHead } from "#core/events/numbering.ts";
import { recordEvent } from "#core/events/record-event.ts";
import { slipwayActor } from "#core/registry.ts";
import { testDatabase } from "#test/test-database.ts";
import { testSequencer } from "#test/test-sequencer.ts";
import { testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";

const told = (tx: Transaction, subject: string) =>
  recordEvent(tx, slipwayActor(), { kind: "tag.moved", model: null, subject, data: {} });

const numbers = (db: Database) =>
  db.event.findMany({ where: { sequence: { not: null } }, orderBy: { sequence: "asc" } });

const nothing = async () => {};

describe("the sequencer", () => {
  it("hears of a change of a running service, and does not wait until it looks by itself", async () => {
    const { call, registry } = await testService();
    testSequencer(registry, nothing, () => {}, 3_600_000);
    const numbered = async (subject: string, withinMs: number) => {
      await call("POST", "/v1/models", { json: { name: subject } });
      const where = { subject, sequence: { not: null } };
      return waitUntil("its number", () => registry.db.event.findFirst({ where }), { withinMs, everyMs: 5 });
    };
    // It may not listen yet.
    for (let model = 0; !(await numbered(`early-${model}`, 500).catch(() => null)); model += 1);
    for (let model = 0; model < 10; model += 1) await numbered(`model-${model}`, 30_000);
  });

  it("shows no reader a number before all below it, and misses no writer however late it commits", async () => {
    const { db } = await testDatabase();
    const ending = new AbortController();
    const sequencers = [1, 2, 3].map(async () => {
      while (!ending.signal.aborted) await numberEvents(db, nothing);
    });
    const seen: bigint[] = [];
    const reader = (async () => {
      while (!ending.signal.aborted) {
        const rows = await db.event.findMany({
          where: { sequence: { gt: seen.at(-1) ?? 0n } },
          orderBy: { sequence: "asc" },
        });
        seen.push(...rows.map(({ sequence }) => sequence as bigint));
      }
    })();
    const writers = Array.from({ length: 5 }, async (_, writer) => {
      for (let count = 0; count < 20; count += 1)
        await db.$transaction(async (tx) => {
          await told(tx, `${writer}:${count}`);
          if (Math.random() < 0.5) await sleep(Math.random() * 30);
        });
    });
    await Promise.all(writers);
    await waitUntil("all numbers", async () => (await numbers(db)).length === 100);
    await waitUntil("all read", async () => seen.length >= 100);
    ending.abort();
    await Promise.all([...sequencers, reader]);
    expect(seen).toEqual(Array.from({ length: 100 }, (_, index) => BigInt(index + 1)));
    const rows = await numbers(db);
    for (let writer = 0; writer < 5; writer += 1) {
      const own = rows.filter(({ subject }) => subject.startsWith(`${writer}:`)).map(({ subject }) => subject);
      expect(own).toEqual(Array.from({ length: 20 }, (_, count) => `${writer}:${count}`));
    }
    expect((await readHead(db, "events")).last).toBe(100n);
  });

  it("keeps changes in their order when a clock is set back", async () => {
    const { db } = await testDatabase();
    for (const [subject, at] of [
      ["first", "2026-11-02"],
      ["second", "2026-11-01"],
    ] as const) {
      await told(db, subject);
      await db.event.updateMany({ where: { subject }, data: { at: new Date(at) } });
    }
    await numberEvents(db, nothing);
    expect((await numbers(db)).map(({ subject }) => subject)).toEqual(["first", "second"]);
  });

  it("leaves no number and nothing made of it when its transaction is lost", async () => {
    const { db } = await testDatabase();
    await told(db, "one");
    const lost = numberEvents(db, async (tx) => {
      await told(tx, "made of it");
      throw new Error("killed");
    });
    await expect(lost).rejects.toThrow("killed");
    expect(await numbers(db)).toEqual([]);
    expect(await db.event.count()).toBe(1);
    expect(await numberEvents(db, nothing)).toBe(1);
  });

  it("chains what is older than the chain first, by its time", async () => {
    const { db } = await testDatabase();
    const change = (object: string) => ({ action: "quota.set", object, objectId: object, model: null });
    for (const object of ["a", "b", "c"]) {
      await recordAudit(db, slipwayActor(), change(object));
      await sleep(2);
    }
    await db.$executeRaw`UPDATE audit SET ordinal = 0 WHERE object IN ('b', 'c')`;
    expect(await chainAudit(db)).toBe(3);
    expect(await chainAudit(db)).toBe(0);
    const rows = await db.auditEntry.findMany({ orderBy: { sequence: "asc" } });
    expect(rows.map(({ sequence, object }) => [sequence, object])).toEqual([
      [1n, "b"],
      [2n, "c"],
      [3n, "a"],
    ]);
    expect((await readHead(db, "audit")).hash).toEqual(rows[2]?.hash);
  });
});
