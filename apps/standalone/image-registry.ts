import { mkdirSync, writeFileSync } from "node:fs";
import { stringify } from "yaml";
import { type Child, startChild } from "./child.ts";
import type { Ledger } from "./ledger.ts";
import { waitForHttp } from "./wait-for-http.ts";

export interface ImageRegistryOptions {
  /** Holds its configuration and the images. */
  folder: string;
  port: number;
  /** Signs the state of uploads, so that one survives a restart of the registry. */
  secret: string;
  /** Users and bcrypt hashes as htpasswd writes them; without it anybody on this machine may push. */
  htpasswdFile?: string;
  ledger: Ledger;
  onLine?: (line: string) => void;
}

export interface ImageRegistry {
  child: Child;
  /** `host:port`, as it stands in image references. */
  host: string;
}

/** Starts the CNCF `distribution` registry (Debian's docker-registry) on the loopback interface. */
export async function startImageRegistry(options: ImageRegistryOptions): Promise<ImageRegistry> {
  const host = `127.0.0.1:${options.port}`;
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  const configuration = `${options.folder}/config.yml`;
  const settings = {
    version: "0.1",
    log: { level: "warn", accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: `${options.folder}/images` },
      delete: { enabled: true },
      cache: { blobdescriptor: "inmemory" },
    },
    http: { addr: host, secret: options.secret },
    ...(options.htpasswdFile === undefined
      ? {}
      : { auth: { htpasswd: { realm: "slipway", path: options.htpasswdFile } } }),
  };
  writeFileSync(configuration, stringify(settings), { mode: 0o600 });
  const child = await startChild(
    { name: "registry", command: "docker-registry", args: ["serve", configuration], stopSignal: "SIGTERM" },
    options,
  );
  await waitForHttp(child, `http://${host}/v2/`, { ready: (status) => status < 500, timeoutMs: 30_000 }).catch(
    async (error) => {
      await child.stop(0);
      throw error;
    },
  );
  return { child, host };
}
