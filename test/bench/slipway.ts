import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Environment } from "#core/settings.ts";
import type { Ports, Secrets } from "#standalone/data-directory.ts";
import { type SlipwayClient, slipwayClient } from "#standalone/demo/slipway-client.ts";
import { forgetPeak, memoryOf } from "#test/process-memory.ts";
import { cpuSecondsOf } from "./cpu-seconds.ts";
import type { Bench } from "./figure.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const readyWithinMs = 120_000;

/** An instance in a data directory of its own, started as users start it. */
export interface Slipway {
  url: string;
  client: SlipwayClient;
  registryHost: string;
  databaseUrl: string;
  /** In MiB, what a process of it has in RAM, and the most that it had so far, or since it was told to forget. */
  memory(part: "api" | "worker"): { now: number; peak: number };
  forgetPeak(part: "api" | "worker"): void;
  /** That a process of it, with all that it started and that has ended, has had so far. */
  cpuSeconds(part: "api" | "worker" | "registry"): number;
  stop(): Promise<void>;
}

/** With access on, its client is the administrator of the settings. */
export async function startSlipway(bench: Bench, dataDir: string, settings: Environment = {}): Promise<Slipway> {
  mkdirSync(dataDir, { recursive: true });
  const npm = startNpm(dataDir, settings);
  const url = await readyUrl(npm);
  const supervisor = JSON.parse(readFileSync(`${dataDir}/instance.lock`, "utf8")) as { pid: number };
  // It ends its children in good order; npm ends with it.
  bench.ledger.record({ name: "slipway", pid: supervisor.pid, stopSignal: "SIGTERM" });
  const kept = <T>(name: string) => JSON.parse(readFileSync(`${dataDir}/${name}.json`, "utf8")) as T;
  const ports = kept<Ports>("ports");
  const password = kept<Secrets>("secrets").postgres;
  const pidOf = (part: string): number => {
    const found = kept<{ name: string; pid: number }[]>("processes").find(({ name }) => name === part);
    if (found === undefined) throw new Error(`the ${part} of ${dataDir} does not run`);
    return found.pid;
  };
  return {
    url,
    client: slipwayClient(url, () => {}, settings["SLIPWAY_ADMIN_TOKEN"]),
    registryHost: `127.0.0.1:${ports.registry}`,
    databaseUrl: `postgresql://slipway:${encodeURIComponent(password)}@127.0.0.1:${ports.postgres}/slipway`,
    memory(part) {
      const { nowBytes, peakBytes } = memoryOf(pidOf(part));
      return { now: nowBytes / 1024 ** 2, peak: peakBytes / 1024 ** 2 };
    },
    forgetPeak: (part) => forgetPeak(pidOf(part)),
    cpuSeconds: (part) => cpuSecondsOf(pidOf(part)),
    async stop() {
      process.kill(supervisor.pid, "SIGTERM");
      await npm.ended;
      bench.ledger.forget(supervisor.pid);
    },
  };
}

interface Npm {
  process: ChildProcess;
  logPath: string;
  ended: Promise<unknown>;
}

/** Its output goes into a file: read by this process, which also makes the load, it would weigh on what is measured. */
function startNpm(dataDir: string, settings: Environment): Npm {
  const logPath = `${dataDir}/npm-start.log`;
  const log = openSync(logPath, "w");
  const child = spawn("npm", ["start", "--silent"], {
    cwd: root,
    detached: true,
    stdio: ["ignore", log, log],
    env: { ...process.env, SLIPWAY_DATA_DIR: dataDir, SLIPWAY_PORT: "0", SLIPWAY_PROOF: "off", ...settings },
  });
  closeSync(log);
  return { process: child, logPath, ended: once(child, "exit") };
}

/** From the line that it writes when it is ready. */
async function readyUrl({ process: npm, logPath }: Npm): Promise<string> {
  for (const end = Date.now() + readyWithinMs; Date.now() < end && npm.exitCode === null; await sleep(10)) {
    const lines = readFileSync(logPath, "utf8").split("\n");
    const ready = lines.find((line) => /"part":"standalone".*"msg":"ready"/.test(line));
    if (ready !== undefined) return (JSON.parse(ready) as { url: string }).url;
  }
  npm.kill("SIGTERM");
  throw new Error(["Slipway did not become ready", readFileSync(logPath, "utf8").slice(-2_000)].join("\n"));
}

interface VersionState {
  status: string;
  build: { id: string } | null;
}

/** Seals a draft and waits for its image. Seconds from the request to the first answer that says `ready`. */
export async function sealToReady({ client }: Slipway, model: string, version: string, everyMs = 10): Promise<number> {
  const start = performance.now();
  const path = `/v1/models/${model}/versions/${version}`;
  let state = (await client.send("POST", `${path}/seal`)) as VersionState;
  while (state.status !== "ready") {
    if (state.status === "failed") throw new Error(`${model}:${version}: ${await failureOf(client, state)}`);
    await sleep(everyMs);
    state = (await client.send("GET", path)) as VersionState;
  }
  return (performance.now() - start) / 1_000;
}

async function failureOf(client: SlipwayClient, { build }: VersionState): Promise<string> {
  const { error } = (await client.send("GET", `/v1/builds/${build?.id}`)) as { error: { message: string } | null };
  return error?.message ?? "its build failed and does not say why";
}
