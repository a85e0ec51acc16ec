import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Database, openDatabase } from "#core/database/client.ts";
import { migrate } from "#core/database/migrate.ts";
import { freePort } from "#standalone/free-port.ts";
import { startImageRegistry } from "#standalone/image-registry.ts";
import { openLedger } from "#standalone/ledger.ts";
import { startPostgres } from "#standalone/postgres.ts";
import { startRedis } from "#standalone/redis.ts";
import { startApi, startWorker } from "#standalone/services.ts";
import { uvPath } from "#standalone/setup/uv.mjs";
import { type PostgresProxy, postgresProxy } from "#test/postgres-proxy.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { whenDone } from "#test/when-done.ts";
import type { Fault } from "../integration/images/faulty-proxy.ts";
import { type FaultyProxy, faultyProxy } from "../integration/images/faulty-proxy.ts";
import { type Mortal, mortal } from "./process.ts";

/** Passwords of parts on loopback that live as long as a test. */
const secret = "kill-suite";

/** One API or worker, with a way to Postgres of its own. */
export interface Service {
  process: Mortal;
  postgres: PostgresProxy;
}

export interface Api extends Service {
  port: number;
}

/** Slipway whole, each part a process of its own; its Postgres keeps what it acknowledged. */
export interface KillableInstance {
  folder: string;
  artifactsDir: string;
  scratchDir: string;
  /** Straight to Postgres, past the proxies. */
  db: Database;
  apis: Api[];
  workers: Service[];
  postgres: Mortal;
  redis: Mortal & { url: string; folder: string };
  registry: Mortal & { host: string };
  /** Every request of a worker to the registry goes by here; `setFault` says what becomes of it. */
  registryProxy: FaultyProxy;
  setFault(fault: Fault | null): void;
  /** Of all work that is being done: as when the time is over that whoever was killed had it for. */
  endLeases(): Promise<void>;
  /** Starts what is down. */
  startAll(): Promise<void>;
  stopAll(): Promise<void>;
}

export interface InstanceOptions {
  /** Its cluster, artifacts and cache are the beginning; without it all is new. */
  warm: WarmInstance | null;
  apis?: number;
  workers?: number;
  settings?: Record<string, string>;
  /** Where a part keeps its data, in place of a folder of the instance. */
  folders?: { postgres?: string; registry?: string; artifacts?: string; scratch?: string };
}

export interface WarmInstance {
  folder: string;
  cacheDir: string;
}

export const imagePrefix = "kill";

export async function killableInstance(options: InstanceOptions): Promise<KillableInstance> {
  const folder = temporaryFolder();
  const ledger = openLedger(join(folder, "processes.json"));
  const at = (part: "postgres" | "registry" | "artifacts" | "scratch") => options.folders?.[part] ?? join(folder, part);
  if (options.warm !== null) copyWarm(options.warm, { postgres: at("postgres"), artifacts: at("artifacts") });
  const cacheDir = options.warm?.cacheDir ?? join(folder, "cache");

  const ports = { postgres: await freePort(), redis: await freePort(), registry: await freePort() };
  const redisFolder = join(folder, "redis");
  let urls = { postgres: "", redis: "", registry: "" };
  const postgres = await mortal("postgres", async () => {
    const started = await startPostgres({ folder: at("postgres"), port: ports.postgres, password: secret, ledger });
    urls = { ...urls, postgres: started.url };
    return started.child;
  });
  whenDone(() => postgres.stop());
  const redis = await mortal("redis", async () => {
    const started = await startRedis({ folder: redisFolder, port: ports.redis, password: secret, ledger });
    urls = { ...urls, redis: started.url };
    return started.child;
  });
  whenDone(() => redis.stop());
  const registry = await mortal("registry", async () => {
    const started = await startImageRegistry({ folder: at("registry"), port: ports.registry, secret, ledger });
    urls = { ...urls, registry: started.host };
    return started.child;
  });
  whenDone(() => registry.stop());
  await migrate(urls.postgres);

  let fault: Fault | null = null;
  const registryProxy = await faultyProxy(urls.registry, (incoming, response) => fault?.(incoming, response) ?? false);
  const environmentOf = (proxy: PostgresProxy, port: number) => ({
    ...process.env,
    DATABASE_URL: Object.assign(new URL(urls.postgres), { port: String(proxy.port) }).href,
    REDIS_URL: urls.redis,
    SLIPWAY_REGISTRY: `${registryProxy.host}/${imagePrefix}`,
    SLIPWAY_DATA_DIR: folder,
    SLIPWAY_ARTIFACTS_DIR: at("artifacts"),
    SLIPWAY_SCRATCH_DIR: at("scratch"),
    SLIPWAY_CACHE_DIR: cacheDir,
    SLIPWAY_PORT: String(port),
    SLIPWAY_UV: process.env["SLIPWAY_UV"] ?? uvPath,
    SLIPWAY_PROOF: "off",
    SLIPWAY_LEASE_SECONDS: "2",
    SLIPWAY_RECONCILE_SECONDS: "0.5",
    LOG_LEVEL: "info",
    ...options.settings,
  });
  const logFile = process.env["SLIPWAY_KILL_LOG"];
  const onLine = (line: string): void => {
    if (logFile !== undefined) appendFileSync(logFile, `${line}\n`);
  };
  const apis: Api[] = [];
  for (let index = 0; index < (options.apis ?? 2); index += 1) {
    const proxy = await postgresProxy(ports.postgres);
    const port = await freePort();
    const environment = environmentOf(proxy, port);
    const api = await mortal(`api ${index}`, () => startApi({ environment, ledger, onLine }));
    whenDone(async () => {
      await api.kill();
      proxy.close();
    });
    apis.push({ process: api, postgres: proxy, port });
  }
  const workers: Service[] = [];
  for (let index = 0; index < (options.workers ?? 2); index += 1) {
    const proxy = await postgresProxy(ports.postgres);
    const environment = environmentOf(proxy, 0);
    const worker = await mortal(`worker ${index}`, () => startWorker({ environment, ledger, onLine }));
    whenDone(async () => {
      await worker.kill();
      proxy.close();
    });
    workers.push({ process: worker, postgres: proxy });
  }
  const db = openDatabase({ url: urls.postgres, poolSize: 4 });
  whenDone(() => db.$disconnect());
  const parts = [postgres, redis, registry];
  const services = [...apis, ...workers].map(({ process }) => process);
  return {
    folder,
    artifactsDir: at("artifacts"),
    scratchDir: at("scratch"),
    db,
    apis,
    workers,
    postgres,
    redis: Object.assign(redis, { url: urls.redis, folder: redisFolder }),
    registry: Object.assign(registry, { host: urls.registry }),
    registryProxy,
    setFault: (next) => {
      fault = next;
    },
    endLeases: async () =>
      void (await db.work.updateMany({ where: { state: "running" }, data: { leaseUntil: new Date() } })),
    startAll: async () => void (await Promise.all([...parts, ...services].map((part) => part.start()))),
    async stopAll() {
      await Promise.all(services.map((service) => service.stop()));
      await Promise.all(parts.map((part) => part.stop()));
    },
  };
}

/** Blobs never change, so they are shared by link; the cluster is copied. */
function copyWarm({ folder }: WarmInstance, to: { postgres: string; artifacts: string }): void {
  mkdirSync(to.postgres, { recursive: true, mode: 0o711 });
  rmSync(join(to.postgres, "data"), { recursive: true, force: true });
  execFileSync("cp", ["-a", join(folder, "postgres/data"), join(to.postgres, "data")]);
  mkdirSync(to.artifacts, { recursive: true });
  execFileSync("cp", ["-a", `${join(folder, "artifacts")}/.`, to.artifacts]);
}
