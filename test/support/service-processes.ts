import { join } from "node:path";
import type { Child } from "#standalone/child.ts";
import { freePort } from "#standalone/free-port.ts";
import { openLedger } from "#standalone/ledger.ts";
import { startApi, startWorker } from "#standalone/services.ts";
import { uvPath } from "#standalone/setup/uv.mjs";
import { temporaryFolder } from "./temporary-folder.ts";
import { s3Settings } from "./test-bucket.ts";
import type { TestService } from "./test-service.ts";
import { whenDone } from "./when-done.ts";

type Settings = Record<string, string>;

/** A worker process of its own on the parts of a test service, killed when the test that asked for it ends. */
export async function workerProcess(service: TestService, settings: Settings = {}): Promise<Child> {
  const worker = await startWorker({ ledger: ledger(), environment: environmentOf(service, settings) });
  whenDone(() => worker.stop(0));
  return worker;
}

/** An API process beside the one of the test service, on the same parts. */
export async function apiProcess(
  service: TestService,
  settings: Settings = {},
): Promise<{ process: Child; port: number }> {
  const port = await freePort();
  const environment = environmentOf(service, { SLIPWAY_PORT: String(port), ...settings });
  const api = await startApi({ ledger: ledger(), environment });
  whenDone(() => api.stop(0));
  return { process: api, port };
}

function ledger() {
  return openLedger(join(temporaryFolder(), "processes.json"));
}

/** What a process of its own is given to use the same parts. */
export function environmentOf({ registry: { config } }: TestService, settings: Settings): NodeJS.ProcessEnv {
  return {
    ...process.env,
    DATABASE_URL: config.database.url,
    REDIS_URL: config.queue.url,
    SLIPWAY_QUEUE_PREFIX: config.queue.prefix,
    SLIPWAY_REGISTRY: `${config.registry.host}/${config.registry.repository}`,
    SLIPWAY_DATA_DIR: config.dataDir,
    SLIPWAY_CACHE_DIR: config.cacheDir,
    ...(config.artifacts.s3 === null ? {} : s3Settings(config.artifacts.s3)),
    SLIPWAY_UV: process.env["SLIPWAY_UV"] ?? uvPath,
    SLIPWAY_PROOF: config.proof.on ? "on" : "off",
    SLIPWAY_LEASE_SECONDS: "2",
    SLIPWAY_RECONCILE_SECONDS: "0.5",
    LOG_LEVEL: "info",
    ...settings,
  };
}
