import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { Client } from "pg";
import { type Child, type Program, startChild } from "./child.ts";
import type { Ledger } from "./ledger.ts";
import { choosePostgresAccount, handOver, type PostgresAccount } from "./postgres-account.ts";
import { type PostgresBinaries, postgresBinaries } from "./postgres-binaries.ts";
import { identify } from "./process-identity.ts";

/*
 * <folder>/data        the cluster (PGDATA)
 * <folder>/data.new    a cluster that initdb is still making; renamed when it is whole
 */
export interface PostgresOptions {
  /** Holds the cluster. Made when missing; everything above it has to exist. */
  folder: string;
  port: number;
  password: string;
  /** Settings as in postgresql.conf, over our own. */
  settings?: Readonly<Record<string, string>>;
  ledger: Ledger;
  onLine?: (line: string) => void;
}

export interface Postgres {
  child: Child;
  /** Of the database `slipway`, with its password. */
  url: string;
  /** How the need for another user than root was met, for the log. */
  account: string;
}

const user = "slipway";
const database = "slipway";
const readyWithinMs = 60_000; // recovery after a kill can take its time
const initdbWithinMs = 60_000;

/** Starts Postgres on the loopback interface, over a cluster that is made on the first start. */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const binaries = await postgresBinaries();
  mkdirSync(options.folder, { recursive: true, mode: 0o711 });
  const account = choosePostgresAccount(binaries, options.folder);
  const data = `${options.folder}/data`;
  if (!existsSync(data)) await makeCluster(binaries, account, options);
  else if (account.owner !== null && statSync(data).uid !== account.owner.uid) handOver(data, account.owner);
  forgetReusedPid(`${data}/postmaster.pid`);

  const settings = {
    listen_addresses: "127.0.0.1",
    port: String(options.port),
    unix_socket_directories: "",
    lc_messages: "C", // its readiness is read from its log
    ...options.settings,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const program: Program = {
    name: "postgres",
    stopSignal: "SIGINT", // "fast": ends sessions, writes a checkpoint
    ...account.wrap(binaries.postgres, ["-D", data, ...flags]),
  };
  const child = await startChild(program, options);
  await child.line(/database system is ready to accept connections/, readyWithinMs).catch(async (error) => {
    await child.stop(0);
    throw error;
  });
  const url = new URL(
    `postgresql://${user}:${encodeURIComponent(options.password)}@127.0.0.1:${options.port}/postgres`,
  );
  await ensureDatabase(url.href);
  url.pathname = `/${database}`;
  return { child, url: url.href, account: account.words };
}

async function ensureDatabase(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = $1", [database]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${database}`);
  } finally {
    await client.end();
  }
}

/** A crash leaves a `data.new` that the next start throws away, never half a cluster under `data`. */
async function makeCluster(
  binaries: PostgresBinaries,
  account: PostgresAccount,
  options: PostgresOptions,
): Promise<void> {
  const unfinished = `${options.folder}/data.new`;
  const passwordFile = `${options.folder}/initdb-password`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  writeFileSync(passwordFile, `${options.password}\n`, { mode: 0o600 });
  if (account.owner !== null)
    for (const path of [unfinished, passwordFile]) chownSync(path, account.owner.uid, account.owner.gid);
  try {
    // Locale and encoding do not depend on the machine.
    const args = [
      `--pgdata=${unfinished}`,
      `--username=${user}`,
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--locale=C",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
    ];
    const program: Program = { name: "initdb", stopSignal: "SIGINT", ...account.wrap(binaries.initdb, args) };
    const initdb = await startChild(program, options);
    const timer = setTimeout(() => initdb.kill(), initdbWithinMs);
    const exit = await initdb.exited;
    clearTimeout(timer);
    if (exit.code !== 0) throw new Error(["initdb failed", ...initdb.lastLines()].join("\n    "));
    renameSync(unfinished, `${options.folder}/data`);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/** Postgres refuses to start while the process that postmaster.pid names is alive, even when that pid now
 *  belongs to somebody else, as it often does after a container's restart. */
function forgetReusedPid(path: string): void {
  if (!existsSync(path)) return;
  const pid = Number(readFileSync(path, "utf8").split("\n", 1)[0]);
  if (identify(pid) !== null && !isPostgres(pid)) rmSync(path);
}

function isPostgres(pid: number): boolean {
  if (process.platform !== "linux") return true; // Postgres then decides
  return /postgres/.test(readFileSync(`/proc/${pid}/cmdline`, "utf8"));
}
