import { mkdirSync, writeFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "pg";
import { freePort } from "#standalone/free-port.ts";
import { openLedger } from "#standalone/ledger.ts";
import { type Postgres, startPostgres } from "#standalone/postgres.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { whenDone } from "./when-done.ts";

const password = "of a test's own cluster";

/** A cluster that a test has to itself, and may copy. */
export async function ownPostgres(folder = temporaryFolder()): Promise<Postgres & { folder: string }> {
  mkdirSync(folder, { recursive: true });
  const ledger = openLedger(join(temporaryFolder(), "processes.json"));
  const postgres = await startPostgres({ folder, port: await freePort(), password, ledger });
  whenDone(() => postgres.child.stop(5_000));
  return { ...postgres, folder };
}

/** A copy of a cluster while it is written to (Postgres' manual, "Making a Base Backup Using the Low Level API"): what
 *  pg_basebackup does, which does not come with the embedded Postgres. It holds what was committed when this resolves. */
export async function backUpPostgres({ url, folder }: { url: string; folder: string }): Promise<string> {
  const backup = temporaryFolder();
  const [from, to] = [join(folder, "data"), join(backup, "data")];
  const session = new Client({ connectionString: url });
  await session.connect();
  try {
    await session.query("SELECT pg_backup_start('test', true)");
    const left = [join(from, "pg_wal"), join(from, "postmaster.pid"), join(from, "postmaster.opts")];
    await cp(from, to, { recursive: true, preserveTimestamps: true, filter: (path) => !left.includes(path) });
    const { rows } = await session.query<{ labelfile: string }>("SELECT labelfile FROM pg_backup_stop(false)");
    writeFileSync(join(to, "backup_label"), rows[0]?.labelfile ?? "");
    await cp(join(from, "pg_wal"), join(to, "pg_wal"), { recursive: true });
  } finally {
    await session.end();
  }
  return backup;
}

/** A backup is a copy that stays; what runs is another. */
export async function copyOf(folder: string): Promise<string> {
  const copy = temporaryFolder();
  await cp(folder, copy, { recursive: true, preserveTimestamps: true });
  return copy;
}
