import { openBlobStore } from "#core/artifacts/open-blob-store.ts";
import { openDatabase } from "#core/database/client.ts";
import { gatheredOutput, makeLogger } from "#core/logger.ts";
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
const registry: Registry = {
  config,
  log,
  db: openDatabase(config.database),
  blobs: openBlobStore(config.artifacts),
  doorbell: openDoorbell(config.queue, log),
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
