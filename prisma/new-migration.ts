/*
 * DATABASE_URL=… node --import tsx prisma/new-migration.ts <name_of_the_change>
 *
 * Writes the SQL that leads from schema.prisma as it was committed with the last migration to
 * schema.prisma as it is. Read it before you commit it: collations ("C" on columns that are paged by)
 * and moves of data are written by hand. The engine wants a Postgres to talk to and writes nothing there.
 */
import { execFileSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { openSchemaEngine } from "#core/database/schema-engine.ts";

const git = (...words: string[]): string => execFileSync("git", words, { encoding: "utf8" });

const [name = ""] = process.argv.slice(2);
const databaseUrl = process.env["DATABASE_URL"] ?? "";
if (!/^[a-z0-9_]+$/.test(name) || databaseUrl === "") {
  console.error("usage: DATABASE_URL=postgres://… node --import tsx prisma/new-migration.ts name_of_the_change");
  process.exit(2);
}
const lastMigration = git("log", "-1", "--format=%H", "--all", "--", "prisma/migrations").trim();
const before = lastMigration === "" ? null : git("show", `${lastMigration}:prisma/schema.prisma`);
const after = await readFile("prisma/schema.prisma", "utf8");

const datamodel = (content: string) => ({
  tag: "schemaDatamodel" as const,
  files: [{ path: "schema.prisma", content }],
});
const engine = await openSchemaEngine(databaseUrl, after);
const { stdout } = await engine.diff({
  from: before === null ? { tag: "empty" } : datamodel(before),
  to: datamodel(after),
  script: true,
  exitCode: null,
  filters: { externalTables: [], externalEnums: [] },
});
const sql = stdout ?? "";
if (sql.includes("This is an empty migration")) {
  console.log("schema.prisma has not changed since the last migration; nothing was written");
} else {
  const stamp = new Date().toISOString().replace(/\D/g, "").slice(0, 14);
  const folder = `prisma/migrations/${stamp}_${name}`;
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/migration.sql`, sql);
  console.log(`wrote ${folder}/migration.sql`);
}
process.exit(0); // the engine keeps its connection open
