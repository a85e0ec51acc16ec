import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { inject } from "vitest";
import { type Database, openDatabase } from "#core/database/client.ts";
import { whenDone } from "./when-done.ts";

/** A migrated, empty database of its own, dropped when the test, the `describe` or the file that asked
 *  for it ends. */
export async function testDatabase(): Promise<{ db: Database; url: string }> {
  const { postgresUrl, templateDatabase } = inject("parts");
  const name = `test_${randomBytes(8).toString("hex")}`;
  await asAdministrator(postgresUrl, `CREATE DATABASE ${name} TEMPLATE ${templateDatabase}`);
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  const db = openDatabase({ url: url.href, poolSize: 10 });
  whenDone(async () => {
    await db.$disconnect();
    await asAdministrator(postgresUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  });
  return { db, url: url.href };
}

async function asAdministrator(postgresUrl: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: postgresUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
