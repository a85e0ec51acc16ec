import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type * as Engine from "@prisma/schema-engine-wasm";
import { Client, DatabaseError } from "pg";
import { openSchemaEngine } from "./schema-engine.ts";

const prismaFolder = fileURLToPath(new URL("../../../prisma/", import.meta.url));
const migrationsFolder = `${prismaFolder}migrations`;
const schemaFile = `${prismaFolder}schema.prisma`;

/** Any number; it only has to be the same in every process that migrates. */
const migrationLock = 7_070_707;

/** Brings the database to the newest migration, forward only, and keeps the table that
 *  `prisma migrate deploy` keeps. Processes that start together wait for one another, `lockWaitMs` at the most.
 *  Returns the names of the migrations that it applied. */
export async function migrate(databaseUrl: string, { lockWaitMs = 60_000 } = {}): Promise<string[]> {
  const migrations = await readMigrations();
  const session = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000 });
  await session.connect();
  try {
    await lockMigrations(session, lockWaitMs);
    if (await isCurrent(session, migrations)) return [];
    const engine = await openSchemaEngine(databaseUrl, await readFile(schemaFile, "utf8"));
    const { appliedMigrationNames } = await engine.applyMigrations({
      migrationsList: migrationList(migrations),
      filters: { externalTables: [], externalEnums: [] },
    });
    return appliedMigrationNames;
  } finally {
    await session.end();
  }
}

/** Held by the session, so a killed process lets go of it. */
async function lockMigrations(session: Client, waitMs: number): Promise<void> {
  await session.query("SELECT set_config('lock_timeout', $1, false)", [`${waitMs}ms`]);
  try {
    await session.query("SELECT pg_advisory_lock($1)", [migrationLock]);
  } catch (error) {
    if (!(error instanceof DatabaseError && error.code === "55P03")) throw error;
    throw new Error(
      `another process has been migrating this database for ${waitMs / 1_000} s: let it end, or end its session (pg_locks, locktype advisory, objid ${migrationLock}), then start again`,
      { cause: error },
    );
  }
}

interface Migration {
  name: string;
  sql: string;
}

async function readMigrations(): Promise<Migration[]> {
  const entries = await readdir(migrationsFolder, { withFileTypes: true });
  const names = entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
  return Promise.all(
    names.map(async (name) => ({ name, sql: await readFile(`${migrationsFolder}/${name}/migration.sql`, "utf8") })),
  );
}

function migrationList(migrations: readonly Migration[]): Engine.MigrationList {
  return {
    baseDir: migrationsFolder,
    lockfile: { path: "migration_lock.toml", content: 'provider = "postgresql"\n' },
    shadowDbInitScript: "",
    migrationDirectories: migrations.map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: "migration.sql", content: { tag: "ok", value: sql } },
    })),
  };
}

/** Saves the engine's start where there is nothing to do, which is at nearly every start. */
async function isCurrent(session: Client, migrations: readonly Migration[]): Promise<boolean> {
  const table = await session.query("SELECT to_regclass('_prisma_migrations') IS NOT NULL AS exists");
  if (!table.rows[0].exists) return false;
  const applied = await session.query<{ migration_name: string; checksum: string }>(
    "SELECT migration_name, checksum FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL",
  );
  const checksums = new Map(applied.rows.map((row) => [row.migration_name, row.checksum]));
  return migrations.every(({ name, sql }) => checksums.get(name) === createHash("sha256").update(sql).digest("hex"));
}
