import { Client } from "pg";
import { expect, it } from "vitest";
import { migrate } from "#core/database/migrate.ts";
import { testDatabase } from "#test/test-database.ts";
import { whenDone } from "#test/when-done.ts";

it("a migration waits for another one, and says so when that one does not end", async () => {
  const { url } = await testDatabase();
  const other = new Client({ connectionString: url });
  await other.connect();
  whenDone(() => other.end());
  await other.query("SELECT pg_advisory_lock(7070707)");
  await expect(migrate(url, { lockWaitMs: 500 })).rejects.toThrow(
    /^another process has been migrating this database for 0\.5 s: let it end/,
  );

  const waiting = migrate(url, { lockWaitMs: 60_000 });
  await other.query("SELECT pg_advisory_unlock(7070707)");
  expect(await waiting).toEqual([]);
});
