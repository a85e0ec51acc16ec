import { fileBlobStore } from "#core/artifacts/file-blob-store.ts";
import { openDatabase } from "#core/database/client.ts";
import { messageOf } from "#core/errors.ts";
import { makeLogger } from "#core/logger.ts";
import type { Registry } from "#core/registry.ts";
import { openDoorbell } from "#core/work/queue.ts";
import { configOrExit, endOnSignal } from "../main-process.ts";
import { makeApp } from "./app.ts";

const drainMs = 6_000;

const config = configOrExit();
const log = makeLogger({ level: config.logLevel, part: "api" });
const registry: Registry = {
  config,
  log,
  db: openDatabase(config.database),
  blobs: fileBlobStore(config.artifacts.dir),
  doorbell: openDoorbell(config.queue, log),
};
const app = await makeApp(registry);

endOnSignal(log, drainMs, async () => {
  await app.close();
  await registry.doorbell.close();
  await registry.db.$disconnect();
});

try {
  await app.listen(config.http);
} catch (error) {
  const { host, port } = config.http;
  const taken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
  const reason = taken
    ? `port ${port} on ${host} is taken by another program: set SLIPWAY_PORT to a free one`
    : `cannot listen on ${host}:${port}: ${messageOf(error)}`;
  process.stderr.write(`${reason}\n`);
  process.exit(1);
}
