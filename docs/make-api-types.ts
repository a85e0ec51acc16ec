/*
 * npm run docs
 *
 * Writes apps/cli/api-types.d.ts anew from what the API says of itself. Nothing is connected to.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { makeApp } from "#api/app.ts";
import { openBlobStore } from "#core/artifacts/open-blob-store.ts";
import { readConfig } from "#core/config.ts";
import { openDatabase } from "#core/database/client.ts";
import { makeLogger } from "#core/logger.ts";
import { apiTypes } from "#test/api-types.ts";

const config = readConfig({
  DATABASE_URL: "postgres://nobody@127.0.0.1:1/none",
  REDIS_URL: "redis://127.0.0.1:1",
  SLIPWAY_REGISTRY: "127.0.0.1:1/none",
});
const log = makeLogger({ level: "silent", part: "docs" });
const app = await makeApp({
  config,
  log,
  db: openDatabase(config.database),
  doorbell: { ring: async () => {}, close: async () => {} },
  blobs: openBlobStore(config.artifacts),
} as never);
await app.ready();
writeFileSync(
  fileURLToPath(new URL("../apps/cli/api-types.d.ts", import.meta.url)),
  await apiTypes(app.swagger() as never),
);
process.exit();
