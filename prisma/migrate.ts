/* DATABASE_URL=… node --import tsx prisma/migrate.ts: brings the database to the newest migration. */
import { migrate } from "#core/database/migrate.ts";

const databaseUrl = process.env["DATABASE_URL"] ?? "";
if (databaseUrl === "") {
  console.error("DATABASE_URL is not set: give it as postgres://…");
  process.exit(2);
}
const applied = await migrate(databaseUrl);
console.log(applied.length === 0 ? "the database is at the newest migration" : `applied ${applied.join(", ")}`);
process.exit(0); // the engine keeps its connection open
