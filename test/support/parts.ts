import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import type { TestProject } from "vitest/node";
import { migrate } from "#core/database/migrate.ts";
import { freePort } from "#standalone/free-port.ts";
import { startImageRegistry } from "#standalone/image-registry.ts";
import { openLedger } from "#standalone/ledger.ts";
import { startPostgres } from "#standalone/postgres.ts";
import { startRedis } from "#standalone/redis.ts";
import { madeFolderIn, makeRunFolder } from "./run-folder.ts";

/** The real parts that one run of a test project shares. Tests keep apart by database, prefix and path. */
export interface Parts {
  /** An administrator's connection. */
  postgresUrl: string;
  /** A migrated database that nobody is connected to. */
  templateDatabase: string;
  redisUrl: string;
  /** `host:port` of a registry that takes pushes from anybody on this machine. */
  registryHost: string;
}

declare module "vitest" {
  export interface ProvidedContext {
    parts: Parts;
  }
}

/** A test cluster is thrown away: it need not survive a power cut. */
const hasty = { fsync: "off", synchronous_commit: "off", full_page_writes: "off", max_connections: "300" };

/** Vitest's global setup: starts the parts of a project once, before its first test file. */
export default async function startParts(project: TestProject): Promise<() => Promise<void>> {
  const folder = await makeRunFolder();
  const ledger = openLedger(join(folder, "processes.json"));
  const secret = randomBytes(16).toString("hex");
  const common = { password: secret, secret, ledger };
  const [postgres, redis, registry] = await Promise.all([
    startPostgres({ ...common, folder: join(folder, "postgres"), port: await freePort(), settings: hasty }),
    startRedis({ ...common, folder: join(folder, "redis"), port: await freePort() }),
    startImageRegistry({ ...common, folder: join(folder, "registry"), port: await freePort() }),
  ]);
  const templateDatabase = "slipway_template";
  await makeTemplate(postgres.url, templateDatabase);
  project.provide("madeFolder", madeFolderIn(folder));
  project.provide("parts", {
    postgresUrl: postgres.url,
    templateDatabase,
    redisUrl: redis.url,
    registryHost: registry.host,
  });
  return async () => {
    await Promise.all([postgres, redis, registry].map((part) => part.child.stop(5_000)));
    rmSync(folder, { recursive: true, force: true });
  };
}

async function makeTemplate(postgresUrl: string, name: string): Promise<void> {
  const client = new Client({ connectionString: postgresUrl });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  await migrate(url.href);
  // A database is copied only while nobody is connected to it.
  await client.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
  await client.query("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1", [name]);
  await client.end();
}
