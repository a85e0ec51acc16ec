import { readdir } from "node:fs/promises";
import type { Database } from "./client.ts";

const migrationsFolder = new URL("../../../prisma/migrations/", import.meta.url);

/** Is the newest migration that this program knows applied to the database? Newer ones do not matter. */
export async function isMigrated(db: Database): Promise<boolean> {
  const [table] = await db.$queryRaw<[{ exists: boolean }]>`
    SELECT to_regclass('_prisma_migrations') IS NOT NULL AS exists`;
  if (!table.exists) return false;
  const [newest] = await db.$queryRaw<[{ applied: boolean }]>`
    SELECT EXISTS (
      SELECT FROM _prisma_migrations
      WHERE migration_name = ${await newestMigration()} AND finished_at IS NOT NULL AND rolled_back_at IS NULL
    ) AS applied`;
  return newest.applied;
}

async function newestMigration(): Promise<string> {
  const entries = await readdir(migrationsFolder, { withFileTypes: true });
  const names = entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
  return names.at(-1) ?? "";
}
