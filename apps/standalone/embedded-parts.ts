import type { Child } from "./child.ts";
import { type DataDirectory, keptPorts, keptSecrets } from "./data-directory.ts";
import type { Embedded, PartAddresses } from "./environment.ts";
import { startImageRegistry } from "./image-registry.ts";
import { type KeptRunning, keepRunning } from "./keep-running.ts";
import type { Ledger } from "./ledger.ts";
import type { PartLogs } from "./part-logs.ts";
import { startPostgres } from "./postgres.ts";
import { startRedis } from "./redis.ts";
import type { Voice } from "./voice.ts";

export interface PartsOptions {
  directory: DataDirectory;
  embedded: Embedded;
  ledger: Ledger;
  voice: Voice;
  logs: PartLogs;
}

export interface StartedParts {
  addresses: PartAddresses;
  /** For the person who started it: what stands behind each part. */
  words: Record<string, string>;
}

/** Starts the parts that no variable names, side by side, and keeps them running. Each is added to
 *  `running` as soon as it runs, so that those that did start are stopped when another did not. */
export async function startEmbeddedParts(options: PartsOptions, running: KeptRunning[]): Promise<StartedParts> {
  const { directory, embedded, ledger, voice, logs } = options;
  const secrets = keptSecrets(directory);
  const ports = await keptPorts(directory, embedded);
  const common = (part: "postgres" | "redis" | "registry") => ({
    folder: directory.folder(part),
    port: ports[part],
    ledger,
    onLine: logs.open(part),
  });
  const parts: StartedParts = { addresses: {}, words: {} };

  const postgres = async () => {
    const { child, url, account } = await startPostgres({ ...common("postgres"), password: secrets.postgres });
    parts.addresses.DATABASE_URL = url;
    parts.words["database"] = `embedded Postgres on port ${ports.postgres}, ${account}`;
    return child;
  };
  const redis = async () => {
    const { child, url } = await startRedis({ ...common("redis"), password: secrets.redis });
    parts.addresses.REDIS_URL = url;
    parts.words["queue"] = `embedded Redis on port ${ports.redis}`;
    return child;
  };
  const registry = async () => {
    const { child, host } = await startImageRegistry({ ...common("registry"), secret: secrets.registry });
    parts.addresses.SLIPWAY_REGISTRY = host;
    parts.words["images"] = `embedded registry ${host}`;
    return child;
  };

  const keep = async (start: () => Promise<Child>) => void running.push(await keepRunning(start, voice));
  /** A machine without the program still takes models; the address is where nobody answers. */
  const keepIfInstalled = (start: () => Promise<Child>, leaveOut: (program: string) => void) =>
    keep(start).catch((error: unknown) => {
      const program = programNotFound(error);
      if (program === null) throw error;
      voice.warn(`${program} is not installed: models are taken, but no image is made until it is`);
      leaveOut(program);
    });

  const started = await Promise.allSettled([
    embedded.postgres && keep(postgres),
    embedded.redis &&
      keepIfInstalled(redis, (program) => {
        parts.addresses.REDIS_URL = `redis://127.0.0.1:${ports.redis}`;
        parts.words["queue"] = `none (${program} is not installed)`;
      }),
    embedded.registry &&
      keepIfInstalled(registry, (program) => {
        parts.addresses.SLIPWAY_REGISTRY = `127.0.0.1:${ports.registry}`;
        parts.words["images"] = `none (${program} is not installed)`;
      }),
  ]);
  for (const outcome of started) if (outcome.status === "rejected") throw outcome.reason;
  return parts;
}

/** The name of the program that could not be spawned because there is none; null for another error. */
function programNotFound(error: unknown): string | null {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error && "code" in cause && cause.code === "ENOENT" && "path" in cause)) return null;
  return String(cause.path);
}
