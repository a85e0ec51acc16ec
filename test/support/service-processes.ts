import { join } from "node:path";

import type { Child } from "#standalone/child.ts";
import { openLedger } from "#standalone/ledger.ts";
import { startWorker } from "#standalone/services.ts";
import { uvPath } from "#standalone/setup/uv.mjs";
import { temporaryFolder } from "./temporary-folder.ts";
import type { TestService } from "./test-service.ts";
import { whenDone } from "./when-done.ts";

/** A worker process of its own on the parts of a test service, killed when the test that asked for it ends. */
export async function workerProcess({ registry }: TestService, settings: Record<string, string> = {}): Promise<Child> {
  const { config } = registry;
  const worker = await startWorker({
    ledger: openLedger(join(temporaryFolder(), "processes.json")),
    environment: {
      ...process.env,
      DATABASE_URL: config.database.url,
      REDIS_URL: config.queue.url,
      SLIPWAY_QUEUE_PREFIX: config.queue.prefix,
      SLIPWAY_REGISTRY: `${config.registry.host}/${config.registry.prefix}`,
      SLIPWAY_DATA_DIR: config.dataDir,
      SLIPWAY_UV: process.env["SLIPWAY_UV"] ?? uvPath,
      SLIPWAY_LEASE_SECONDS: "2",
      SLIPWAY_RECONCILE_SECONDS: "0.5",
      LOG_LEVEL: "info",
      ...settings,
    },
  });
  whenDone(() => worker.stop(0));
  return worker;
}
