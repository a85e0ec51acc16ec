import { readFileSync } from "node:fs";
import { join } from "node:path";
import Docker from "dockerode";
import type { EngineConfig } from "#core/config.ts";

/** A Docker Engine, and where it is. */
export interface Engine {
  docker: Docker;
  /** As it was set. */
  host: string;
}

/** Nothing is asked of it yet. dockerode would read the environment by itself: every field that it takes from there is
 *  given, and no version of the API is named (each engine has its own lowest one). */
export function openEngine({ host, certPath }: Pick<EngineConfig, "host" | "certPath">): Engine {
  const none = { host: undefined, port: undefined, ca: undefined, cert: undefined, key: undefined, timeout: undefined };
  if (host.startsWith("unix://")) {
    const options = { ...none, protocol: "http", socketPath: host.slice("unix://".length) };
    return { host, docker: new Docker(options as Docker.DockerOptions) };
  }
  const url = new URL(host);
  const pem = (name: string): string => readFileSync(join(certPath ?? "", name), "utf8");
  const tls = certPath === null ? {} : { ca: pem("ca.pem"), cert: pem("cert.pem"), key: pem("key.pem") };
  const protocol = certPath === null ? "http" : "https";
  const options = { ...none, ...tls, socketPath: undefined, host: url.hostname, port: url.port || "2375", protocol };
  return { host, docker: new Docker(options as Docker.DockerOptions) };
}
