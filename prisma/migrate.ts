/* DATABASE_URL=… node dist/migrate.js (after npm run build): brings the database to the newest migration. */
import { readDatabaseUrl } from "#core/config.ts";
import { migrate } from "#core/database/migrate.ts";
import { messageOf } from "#core/errors.ts";
import { ConfigError } from "#core/settings.ts";

try {
  const applied = await migrate(readDatabaseUrl(process.env));
  console.log(applied.length === 0 ? "the database is at the newest migration" : `applied ${applied.join(", ")}`);
  process.exit(0); // the engine keeps its connection open
} catch (error) {
  console.error(
    error instanceof ConfigError ? error.message : `the database could not be migrated: ${messageOf(error)}`,
  );
  process.exit(error instanceof ConfigError ? 2 : 1);
}
