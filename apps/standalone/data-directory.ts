import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { freePort, isFree } from "./free-port.ts";

/*
 * <data dir>/instance.lock    the process that has it
 *            processes.json   what that process has started (ledger.ts)
 *            secrets.json     passwords of the embedded parts, and the key of the secrets in the embedded database
 *            ports.json       ports of the embedded parts
 *            postgres/ redis/ registry/ artifacts/ scratch/ cache/ logs/
 */
export interface DataDirectory {
  path: string;
  lockPath: string;
  ledgerPath: string;
  folder(name: "postgres" | "redis" | "registry" | "logs"): string;
}

/** Root's is open to be passed through (not listed), for Postgres, which then runs as another user. */
export function openDataDirectory(path: string): DataDirectory {
  try {
    mkdirSync(path, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
  } catch (error) {
    throw new Error(`the data directory ${path} cannot be made: ${String(error)}. Set SLIPWAY_DATA_DIR to another`);
  }
  return {
    path,
    lockPath: `${path}/instance.lock`,
    ledgerPath: `${path}/processes.json`,
    folder: (name) => `${path}/${name}`,
  };
}

export interface Secrets {
  postgres: string;
  redis: string;
  registry: string;
  /** What SLIPWAY_SECRET_KEY says elsewhere. */
  secretKey: string;
}

/** Made once and kept: the cluster is initialised with its password. What an older instance has not is added. */
export function keptSecrets(directory: DataDirectory): Secrets {
  const make = () => randomBytes(24).toString("base64url");
  const path = `${directory.path}/secrets.json`;
  const kept = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Partial<Secrets>) : {};
  const secrets = { postgres: make(), redis: make(), registry: make(), secretKey: make(), ...kept };
  if (Object.keys(secrets).length > Object.keys(kept).length) writeWhole(path, secrets);
  return secrets;
}

export interface Ports {
  postgres: number;
  redis: number;
  registry: number;
}

/** The last start's ports where they are still free. The registry's stays: image references contain it. */
export async function keptPorts(directory: DataDirectory, embedded: { registry: boolean }): Promise<Ports> {
  const path = `${directory.path}/ports.json`;
  const kept = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Ports) : null;
  if (kept !== null && embedded.registry && !(await isFree(kept.registry)))
    throw new Error(
      `port ${kept.registry} is taken by another program. It is the port of this instance's image registry and ` +
        "stands in the references of its images, so no other will do: free it and start again",
    );
  const still = async (port: number | undefined) => (port !== undefined && (await isFree(port)) ? port : freePort());
  const ports: Ports = {
    postgres: await still(kept?.postgres),
    redis: await still(kept?.redis),
    registry: kept?.registry ?? (await freePort()),
  };
  if (JSON.stringify(ports) !== JSON.stringify(kept)) writeWhole(path, ports);
  return ports;
}

/** A crash leaves the old content or the new, never half. */
function writeWhole(path: string, value: unknown): void {
  writeFileSync(`${path}.new`, JSON.stringify(value), { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
}
