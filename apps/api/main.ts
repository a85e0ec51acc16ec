import { fileBlobStore } from "#core/artifacts/file-blob-store.ts";
import { type Config, ConfigError, readConfig } from "#core/config.ts";
import { openDatabase } from "#core/database/client.ts";
import { messageOf } from "#core/errors.ts";
import { makeLogger } from "#core/logger.ts";
import type { Registry } from "#core/registry.ts";
import { openDoorbell } from "#core/work/queue.ts";
import { makeApp } from "./app.ts";

const drainMs = 6_000;

function configOrExit(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}

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

async function close(): Promise<void> {
  await app.close();
  await registry.doorbell.close();
  await registry.db.$disconnect();
}

let ending = false;
for (const name of ["SIGTERM", "SIGINT"] as const)
  process.on(name, () => {
    if (ending) return;
    ending = true;
    log.info({ signal: name }, "ending: requests that run are answered");
    setTimeout(() => {
      log.warn("requests still ran at the limit and were cut");
      process.exit(0);
    }, drainMs).unref();
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, "did not end in order");
        process.exit(1);
      },
    );
  });

try {
  await app.listen(config.http);
} catch (error) {
  const taken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
  const { host, port } = config.http;
  process.stderr.write(
    taken
      ? `Port ${port} on ${host} is taken: end what listens there, or set SLIPWAY_PORT to another.\n`
      : `Cannot listen on ${host}:${port}: ${messageOf(error)}\n`,
  );
  process.exit(1);
}
