import { setTimeout as sleep } from "node:timers/promises";
import type { Config } from "#core/config.ts";
import { migrate } from "#core/database/migrate.ts";
import { emptyScratchDir } from "#core/images/scratch-folder.ts";
import { redactor } from "#core/redact.ts";
import type { Environment } from "#core/settings.ts";
import { type DataDirectory, keptSecrets, openDataDirectory } from "./data-directory.ts";
import { startEmbeddedParts } from "./embedded-parts.ts";
import { type Embedded, keptSecretKey } from "./environment.ts";
import { freePort, isFree } from "./free-port.ts";
import { patience } from "./guard-liveness.ts";
import { type InstanceLock, lockDataDirectory } from "./instance-lock.ts";
import { type KeptRunning, keepRunning } from "./keep-running.ts";
import { endOrphans, type Ledger, openLedger } from "./ledger.ts";
import { openPartLogs, type PartLogs } from "./part-logs.ts";
import { startApi, startWorker } from "./services.ts";
import type { Voice } from "./voice.ts";

export interface InstanceOptions {
  /** What the API and the worker are given, with the addresses of the embedded parts on top. */
  environment: Environment;
  config: Config;
  embedded: Embedded;
  voice: Voice;
  /** Gives up the start. */
  stop: AbortSignal;
  /** Ends every child at once, at any time. */
  kill: AbortSignal;
}

/** Slipway whole, on one machine. */
export interface Instance {
  url: string;
  /** API, worker, then the parts; all are gone within 10 s. */
  stop(): Promise<void>;
}

/** Of the 10 s that a stop may take. */
const grace = { apiBeforeWorkerMs: 1_000, servicesMs: 7_500, partsMs: 2_000 };
const orphanGraceMs = 3_000;

/** What has been started so far. */
interface Running {
  directory: DataDirectory;
  lock: InstanceLock;
  ledger: Ledger;
  logs: PartLogs;
  parts: KeptRunning[];
  services: { api?: KeptRunning; worker?: KeptRunning };
}

/** Starts everything and resolves when the API answers. When a step fails, or `stop` aborts, what had been
 *  started is stopped before the promise rejects. */
export async function startInstance(options: InstanceOptions): Promise<Instance> {
  const running = await takeDataDirectory(options);
  options.kill.addEventListener("abort", () => running.ledger.killAll());
  try {
    const url = await orAborted(startAll(options, running), options.stop);
    return { url, stop: () => stopAll(running) };
  } catch (error) {
    await stopAll(running);
    throw error;
  }
}

async function takeDataDirectory({ config, voice }: InstanceOptions): Promise<Running> {
  const directory = openDataDirectory(config.dataDir);
  const lock = lockDataDirectory(directory.path);
  for (const name of await endOrphans(directory.ledgerPath, orphanGraceMs))
    voice.warn(`${name} was still running from a start that was cut short; it has been ended`);
  await emptyScratchDir(config.scratchDir, directory.path).catch((error: unknown) =>
    voice.warn(`what a killed worker left in ${config.scratchDir} could not be removed: ${String(error)}`),
  );
  const ledger = openLedger(directory.ledgerPath);
  return { directory, lock, ledger, logs: openPartLogs(directory.folder("logs")), parts: [], services: {} };
}

async function startAll(options: InstanceOptions, running: Running): Promise<string> {
  const { environment, config, embedded, voice, stop } = options;
  const { directory, ledger, logs } = running;
  const { port, url } = await httpAddress(config.http);
  const { addresses, words } = await startEmbeddedParts({ directory, embedded, ledger, voice, logs }, running.parts);
  stop.throwIfAborted();
  for (const name of await migrate(addresses.DATABASE_URL ?? config.database.url))
    voice.say(`migration ${name} applied`);
  stop.throwIfAborted();

  const healthPort = config.work.healthPort === 0 ? await freePort(config.http.host) : config.work.healthPort;
  const workerUrl = httpUrl(config.http.host, healthPort);
  const secretKey = keptSecretKey(environment, embedded, keptSecrets(directory).secretKey);
  const redact = redactor(config);
  const service = (name: string) => {
    const log = logs.open(name);
    const onLine = (line: string) => {
      log(redact(line)); // the setup code is for whoever started it, and stays in no file
      voice.passOn(name, line);
    };
    const ports = { SLIPWAY_PORT: String(port), SLIPWAY_WORKER_PORT: String(healthPort) };
    return { environment: { ...environment, ...secretKey, ...addresses, ...ports }, ledger, onLine };
  };
  await Promise.all([
    keepRunning(() => startApi(service("api")), voice, { url: `${url}/healthz`, ...patience }).then((kept) => {
      running.services.api = kept;
    }),
    keepRunning(() => startWorker(service("worker")), voice, { url: `${workerUrl}/healthz`, ...patience }).then(
      (kept) => {
        running.services.worker = kept;
      },
    ),
  ]);
  const { s3 } = config.artifacts;
  const bucket = s3 === null ? {} : { artifacts: `bucket ${s3.bucket} at ${s3.endpoint ?? `AWS (${s3.region})`}` };
  const data = `${directory.path} (logs in ${directory.folder("logs")})`;
  voice.ready({ url, parts: { ...words, ...bucket, data } });
  return url;
}

/** The API stops taking requests before the worker is asked to finish; the parts go when both are gone. */
async function stopAll({ lock, ledger, logs, parts, services }: Running): Promise<void> {
  const api = services.api?.stop(grace.servicesMs);
  await Promise.race([api, sleep(grace.apiBeforeWorkerMs)]);
  await Promise.all([api, services.worker?.stop(grace.servicesMs - grace.apiBeforeWorkerMs)]);
  await Promise.all(parts.map((part) => part.stop(grace.partsMs)));
  ledger.killAll(); // what was still on its way up
  logs.close();
  lock.release();
}

async function httpAddress({ host, port }: Config["http"]): Promise<{ port: number; url: string }> {
  const chosen = port === 0 ? await freePort(host) : port;
  if (!(await isFree(chosen, host)))
    throw new Error(`port ${chosen} on ${host} is taken by another program: set SLIPWAY_PORT to a free one`);
  return { port: chosen, url: httpUrl(host, chosen) };
}

function httpUrl(host: string, port: number): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    promise.then(resolve, reject);
  });
}
