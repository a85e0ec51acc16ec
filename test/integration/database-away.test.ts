import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Transaction } from "#core/database/client.ts";
import { isDatabaseAway } from "#core/database/faults.ts";
import { testDatabase } from "#test/test-database.ts";

describe("a transaction whose connection is ended", async () => {
  const { db } = await testDatabase();
  const endOwnConnection = async (tx: Transaction) => {
    const [own] = await tx.$queryRaw<[{ pid: number }]>`SELECT pg_backend_pid() AS pid`;
    await db.$queryRaw`SELECT pg_terminate_backend(${own.pid}::int, 5000)`;
  };
  const failureOf = (work: (tx: Transaction) => Promise<unknown>) =>
    db.$transaction(work).then(
      () => null,
      (error: unknown) => error,
    );

  it("fails by the database's fault, whether it hears of that before its next statement or after", async () => {
    for (const pauseMs of [0, 100])
      expect(
        isDatabaseAway(
          await failureOf(async (tx) => {
            await endOwnConnection(tx);
            await sleep(pauseMs);
            await tx.model.count();
          }),
        ),
      ).toBe(true);
  });

  it("fails by the database's fault where only the commit is left", async () => {
    for (const pauseMs of [0, 100])
      expect(
        isDatabaseAway(
          await failureOf(async (tx) => {
            await endOwnConnection(tx);
            await sleep(pauseMs);
          }),
        ),
      ).toBe(true);
  });
});
