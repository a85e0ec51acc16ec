import { mkdirSync, writeFileSync } from "node:fs";
import { type Child, startChild } from "./child.ts";
import type { Ledger } from "./ledger.ts";

export interface RedisOptions {
  /** Holds its configuration and its append-only file. */
  folder: string;
  port: number;
  password: string;
  ledger: Ledger;
  onLine?: (line: string) => void;
}

export interface Redis {
  child: Child;
  url: string;
}

/** Starts Redis on the loopback interface with an append-only file. `noeviction`: a queue must not lose
 *  jobs to a full memory. */
export async function startRedis(options: RedisOptions): Promise<Redis> {
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  const configuration = `${options.folder}/redis.conf`;
  const lines = [
    "bind 127.0.0.1",
    `port ${options.port}`,
    `requirepass ${options.password}`,
    `dir "${options.folder}"`,
    "appendonly yes",
    "appendfsync everysec",
    'save ""',
    "maxmemory-policy noeviction",
    "daemonize no",
  ];
  writeFileSync(configuration, `${lines.join("\n")}\n`, { mode: 0o600 });
  const child = await startChild(
    { name: "redis", command: "redis-server", args: [configuration], stopSignal: "SIGTERM" },
    options,
  );
  await child.line(/Ready to accept connections/, 30_000).catch(async (error) => {
    await child.stop(0);
    throw error;
  });
  return { child, url: `redis://:${encodeURIComponent(options.password)}@127.0.0.1:${options.port}` };
}
