import { hostname } from "node:os";
import { openBlobStore } from "#core/artifacts/open-blob-store.ts";
import { openDatabase } from "#core/database/client.ts";
import { gatheredOutput, makeLogger } from "#core/logger.ts";
import { tagDoorbell } from "#core/promotion/tag-doorbell.ts";
import { redactor } from "#core/redact.ts";
import type { Registry } from "#core/registry.ts";
import { openDoorbell } from "#core/work/queue.ts";
import { configOrExit, endOnSignal, orExit, provenOrExit } from "../main-process.ts";
import { makeApp } from "./app.ts";
import { showSetupCode } from "./show-setup-code.ts";

const drainMs = 6_000;

const config = configOrExit();
const log = makeLogger({
  level: config.logLevel,
  part: "api",
  destination: gatheredOutput(),
  redact: redactor(config),
});
const db = openDatabase(config.database);
const registry: Registry = {
  config,
  log,
  db,
  blobs: openBlobStore(config.artifacts),
  doorbell: tagDoorbell(openDoorbell(config.queue, log), { db, config, log }, `${hostname()}:${process.pid}`),
};
const app = await makeApp(registry);

endOnSignal(log, drainMs, async () => {
  await app.close();
  await registry.doorbell.close();
  registry.blobs.close();
  await registry.db.$disconnect();
});

await provenOrExit(registry);
await orExit(app.listen(config.http), config.http, "SLIPWAY_PORT");
process.send?.("listening");
await showSetupCode(registry, app.closing);
