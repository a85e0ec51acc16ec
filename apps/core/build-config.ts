import type { Settings } from "./settings.ts";

/** The Docker Engine that runs what a package needs to have run. */
export interface EngineConfig {
  /** `unix:///…`, `tcp://host:port`; where Docker's own place is meant, too. */
  host: string;
  /** `DOCKER_HOST` is set, so that its absence is a fault. */
  isNamed: boolean;
  /** Folder of `ca.pem`, `cert.pem`, `key.pem`; null for a connection without TLS. */
  certPath: string | null;
  /** Of one build. */
  limits: { memoryBytes: number; cpus: number; processes: number; diskBytes: number; logLines: number; timeMs: number };
  /** Docker's name of the network that its steps see; `none` for none. */
  network: string;
  /** `image` or `host/repo*`: what packages' own Dockerfiles may stand on; null for anything. */
  ownDockerfiles: { allowed: boolean; bases: string[] | null };
}

/** How builds reach what a company keeps for itself. None of it becomes part of an image, a lock or a log. */
export interface NetworkConfig {
  /** PEM of certificate authorities that are trusted besides the machine's. */
  caBundle: string | null;
  /** Instead of PyPI; may hold a name and a password, as all of these. */
  packageIndex: string | null;
  extraPackageIndexes: string[];
  /** Of torch's wheels, and asked for no others. */
  torchIndex: string | null;
  /** Instead of Debian's mirrors; one whose path ends in `-security` has the security updates. */
  aptMirrors: string[];
  proxies: { http: string; https: string; except: string };
}

const mebibyte = 1024 * 1024;

export function engineConfig(read: Settings): EngineConfig {
  const named = read.text("DOCKER_HOST", "");
  const host = named === "" ? "unix:///var/run/docker.sock" : named;
  if (!/^unix:\/\/\/.|^tcp:\/\/[^/@\s]+$/.test(host))
    read.problem("DOCKER_HOST is not of the form unix:///path or tcp://host:port");
  const isVerified = read.text("DOCKER_TLS_VERIFY", "") !== "";
  const certPath = read.text("DOCKER_CERT_PATH", "");
  if (isVerified && certPath === "")
    read.problem("DOCKER_TLS_VERIFY needs DOCKER_CERT_PATH: set it as docker takes it");
  const network = read.text("SLIPWAY_ENGINE_NETWORK", "bridge");
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(network) || network === "host" || network === "container")
    read.problem("SLIPWAY_ENGINE_NETWORK is no network for builds: give none, bridge, or the name of a Docker network");
  const bases = read.list("SLIPWAY_DOCKERFILE_BASES", "an image such as python:3.12-slim, or ghcr.io/acme/*", baseOf);
  return {
    host,
    isNamed: named !== "",
    certPath: isVerified && certPath !== "" ? certPath : null,
    limits: {
      memoryBytes: read.integer("SLIPWAY_ENGINE_MEMORY_MEGABYTES", 4_096, { min: 64, max: 1_048_576 }) * mebibyte,
      cpus: read.integer("SLIPWAY_ENGINE_CPUS", 2, { min: 1, max: 256 }),
      processes: read.integer("SLIPWAY_ENGINE_PROCESSES", 512, { min: 16, max: 100_000 }),
      diskBytes: read.integer("SLIPWAY_ENGINE_DISK_MEGABYTES", 20_480, { min: 64, max: 1_048_576 }) * mebibyte,
      logLines: read.integer("SLIPWAY_ENGINE_LOG_LINES", 20_000, { min: 100, max: 1_000_000 }),
      timeMs: read.seconds("SLIPWAY_ENGINE_LIMIT_SECONDS", 900, { min: 1, max: 86_400 }),
    },
    network,
    ownDockerfiles: {
      allowed: read.oneOf("SLIPWAY_OWN_DOCKERFILES", ["on", "off"], "on") === "on",
      bases: bases.length === 0 ? null : bases,
    },
  };
}

export function networkConfig(read: Settings, caBundle: string | null): NetworkConfig {
  const proxy = (name: "http_proxy" | "https_proxy"): string =>
    read.optionalUrl(name.toUpperCase(), ["http:", "https:"]) ?? read.optionalUrl(name, ["http:", "https:"]) ?? "";
  return {
    caBundle,
    packageIndex: read.optionalUrl("SLIPWAY_PACKAGE_INDEX", ["https:", "http:"]),
    extraPackageIndexes: read.urls("SLIPWAY_EXTRA_PACKAGE_INDEXES", ["https:", "http:"]),
    torchIndex: read.optionalUrl("SLIPWAY_TORCH_INDEX", ["https:", "http:"]),
    aptMirrors: read.urls("SLIPWAY_APT_MIRROR", ["https:", "http:"]),
    proxies: {
      http: proxy("http_proxy"),
      https: proxy("https_proxy"),
      except: read.text("NO_PROXY", read.text("no_proxy", "")),
    },
  };
}

function baseOf(text: string): string | null {
  return /^[a-z0-9][A-Za-z0-9._/:@-]*\*?$/.test(text) ? text : null;
}
