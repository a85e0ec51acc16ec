import { readFileSync } from "node:fs";
import type { EngineConfig, NetworkConfig } from "#core/config.ts";

/** No company's. */
export const plainNetwork: NetworkConfig = {
  caBundle: null,
  packageIndex: null,
  extraPackageIndexes: [],
  torchIndex: null,
  aptMirrors: [],
  proxies: { http: "", https: "", except: "" },
};

/** This machine's authorities, for containers that do not have them. */
export const machinesNetwork: NetworkConfig = {
  ...plainNetwork,
  caBundle: readFileSync("/etc/ssl/certs/ca-certificates.crt", "utf8"),
};

/** The engine of this machine, with limits that a test can reach. */
export const smallEngine: EngineConfig = {
  host: process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock",
  isNamed: false,
  certPath: null,
  limits: {
    memoryBytes: 1024 ** 3,
    cpus: 2,
    processes: 256,
    diskBytes: 1024 ** 3,
    logLines: 1_000,
    timeMs: 240_000,
  },
  network: "bridge",
  ownDockerfiles: { allowed: true, bases: null },
};
