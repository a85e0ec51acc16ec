import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Network, parseNetwork } from "./access/networks.ts";

/** Settings of every part. Strings are read once here; nothing else looks at the environment. */
export interface Config {
  logLevel: string;
  dataDir: string;
  http: HttpConfig;
  access: AccessConfig;
  secrets: SecretsConfig;
  database: { url: string; poolSize: number };
  queue: { url: string; prefix: string };
  artifacts: { dir: string };
  registry: RegistryConfig;
  base: BaseConfig;
  tools: { uv: string; mmdebstrap: string };
  scratchDir: string;
  cacheDir: string;
  work: WorkConfig;
}

export interface HttpConfig {
  host: string;
  port: number;
  /** Whose `X-Forwarded-For` is believed: addresses and networks of proxies. */
  trustedProxies: Network[];
  /** Web pages that may call from another origin (`https://ml.example.com`). */
  corsOrigins: string[];
}

export interface AccessConfig {
  /** Without it whoever reaches the port may do everything, and only this machine reaches it. */
  on: boolean;
  /** A secret that is an administrator's, beside all tokens. */
  adminToken: string | null;
  /** A minute; null for no limit. */
  limits: { requestsByToken: number | null; requestsByAddress: number | null };
  /** Whether requests pass while Redis, which counts them, is away. */
  passWithoutRedis: boolean;
}

export interface SecretsConfig {
  /** What stored secrets are encrypted with; null where none is stored. */
  key: string | null;
  /** What those that were stored before the last change of `key` are still encrypted with. */
  previousKey: string | null;
}

/** A bucket that takes artifacts; credentials come as the AWS SDK finds them (`AWS_…`, files, roles). */
export interface S3Config {
  bucket: string;
  /** Before every key; empty, or ending with a slash. */
  prefix: string;
  /** Null for AWS itself. */
  endpoint: string | null;
  region: string;
  /** `https://host/bucket/key` instead of `https://bucket.host/key`. */
  pathStyle: boolean;
  /** Whether a CRC32 goes with every write (`supported`), which some servers refuse, or only where S3 demands one. */
  checksums: "required" | "supported";
  sse: null | { mode: "s3" } | { mode: "kms"; keyId: string | null };
  storageClass: string | null;
}

/** Where images are pushed. */
export interface RegistryConfig {
  /** `host[:port]`, as it stands in image references. */
  host: string;
  /** Path between the host and the model's repository, without slashes at the ends; may be empty. */
  prefix: string;
  credentials: { username: string; password: string } | null;
}

/** `debian` makes the base from Debian packages; `image` takes one from a registry, pinned by digest. */
export type BaseConfig = { from: "debian"; suite: string } | { from: "image"; reference: string };

export interface WorkConfig {
  atOnce: number;
  leaseMs: number;
  reconcileMs: number;
  /** How long a part's fault is tried again. */
  retryForMs: number;
  /** One attempt at a build may take this long. */
  buildLimitMs: number;
  /** Leases that may run out before a piece of work fails with "worker lost". */
  lostLeasesLimit: number;
  /** A worker that could take a job and takes none for so long is wedged. */
  wedgedAfterMs: number;
  /** Where a worker answers `/healthz`; 0: nowhere. */
  healthPort: number;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Everything that is wrong with the settings, at once. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`These settings need a change:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
    this.name = "ConfigError";
    this.problems = problems;
  }
}

export function readConfig(environment: Environment): Config {
  const read = new Settings(environment);
  const dataDir = resolve(read.text("SLIPWAY_DATA_DIR", ".slipway"));
  const host = read.text("SLIPWAY_HOST", "127.0.0.1");
  const access = accessConfig(read, host);
  const config: Config = {
    logLevel: read.oneOf("LOG_LEVEL", ["trace", "debug", "info", "warn", "error", "fatal", "silent"], "info"),
    dataDir,
    http: httpConfig(read, { host, accessOn: access.on }),
    access,
    secrets: secretsConfig(read),
    database: {
      url: databaseUrl(read),
      poolSize: read.integer("SLIPWAY_DATABASE_POOL", 10, { min: 1, max: 1_000 }),
    },
    queue: { url: read.url("REDIS_URL", ["redis:", "rediss:"]), prefix: read.text("SLIPWAY_QUEUE_PREFIX", "slipway") },
    artifacts: { dir: resolve(read.text("SLIPWAY_ARTIFACTS_DIR", `${dataDir}/artifacts`)) },
    registry: registryConfig(read),
    base: baseConfig(read),
    tools: { uv: read.text("SLIPWAY_UV", "uv"), mmdebstrap: read.text("SLIPWAY_MMDEBSTRAP", "mmdebstrap") },
    scratchDir: resolve(read.text("SLIPWAY_SCRATCH_DIR", `${dataDir}/scratch`)),
    cacheDir: resolve(read.text("SLIPWAY_CACHE_DIR", `${dataDir}/cache`)),
    work: {
      atOnce: read.integer("SLIPWAY_BUILDS_AT_ONCE", 2, { min: 1, max: 64 }),
      leaseMs: read.seconds("SLIPWAY_LEASE_SECONDS", 15, { min: 1, max: 600 }),
      reconcileMs: read.seconds("SLIPWAY_RECONCILE_SECONDS", 5, { min: 0.1, max: 600 }),
      retryForMs: read.seconds("SLIPWAY_RETRY_SECONDS", 3_600, { min: 0, max: 86_400 }),
      buildLimitMs: read.seconds("SLIPWAY_BUILD_LIMIT_SECONDS", 1_800, { min: 1, max: 86_400 }),
      lostLeasesLimit: read.integer("SLIPWAY_LOST_WORKERS_LIMIT", 20, { min: 1, max: 1_000 }),
      wedgedAfterMs: read.seconds("SLIPWAY_WEDGED_SECONDS", 60, { min: 1, max: 3_600 }),
      healthPort: read.integer("SLIPWAY_WORKER_PORT", 0, { min: 0, max: 65_535 }),
    },
  };
  read.finish();
  return config;
}

/** The one setting that migrations need. */
export function readDatabaseUrl(environment: Environment): string {
  const read = new Settings(environment);
  const url = databaseUrl(read);
  read.finish();
  return url;
}

/** What a rotation of the key needs. */
export function readRotationConfig(environment: Environment): Pick<Config, "database" | "secrets"> {
  const read = new Settings(environment);
  const config = { database: { url: databaseUrl(read), poolSize: 2 }, secrets: secretsConfig(read) };
  if (config.secrets.key === null) read.problem("SLIPWAY_SECRET_KEY is not set: give the new key");
  read.finish();
  return config;
}

function databaseUrl(read: Settings): string {
  return read.url("DATABASE_URL", ["postgres:", "postgresql:"]);
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function httpConfig(read: Settings, { host, accessOn }: { host: string; accessOn: boolean }): HttpConfig {
  const corsOrigins = read.list(
    "SLIPWAY_CORS_ORIGINS",
    "scheme, host and port of a page as its browser says them, without a path, such as https://ml.example.com",
    originOf,
  );
  if (corsOrigins.length > 0 && !accessOn)
    read.problem("SLIPWAY_CORS_ORIGINS needs SLIPWAY_ACCESS on: with access off no other site's page is let in");
  return {
    host,
    port: read.integer("SLIPWAY_PORT", 7070, { min: 0, max: 65_535 }),
    trustedProxies: read.list(
      "SLIPWAY_TRUSTED_PROXIES",
      "the address of a proxy, or its network such as 10.1.0.0/16",
      proxyOf,
    ),
    corsOrigins,
  };
}

const shortestSecret = 32;

function accessConfig(read: Settings, host: string): AccessConfig {
  const on = read.oneOf("SLIPWAY_ACCESS", ["on", "off"], isLoopback(host) ? "off" : "on") === "on";
  if (!on && !isLoopback(host))
    read.problem(
      `SLIPWAY_ACCESS is off and SLIPWAY_HOST ${host}: without access control Slipway listens on loopback only (127.0.0.1, ::1 or localhost)`,
    );
  return {
    on,
    adminToken: read.longSecret("SLIPWAY_ADMIN_TOKEN", shortestSecret),
    limits: {
      requestsByToken: read.limit("SLIPWAY_RATE_LIMIT_TOKEN", null),
      requestsByAddress: read.limit("SLIPWAY_RATE_LIMIT_ADDRESS", on ? 1_000 : null),
    },
    passWithoutRedis: read.oneOf("SLIPWAY_RATE_LIMIT_WITHOUT_REDIS", ["pass", "refuse"], "pass") === "pass",
  };
}

function secretsConfig(read: Settings): SecretsConfig {
  const key = read.longSecret("SLIPWAY_SECRET_KEY", shortestSecret);
  const previousKey = read.longSecret("SLIPWAY_PREVIOUS_SECRET_KEY", shortestSecret);
  if (key === null && previousKey !== null)
    read.problem("SLIPWAY_PREVIOUS_SECRET_KEY is set without SLIPWAY_SECRET_KEY: set that one to the new key");
  return { key, previousKey };
}

/** Null also for a network of all addresses: whoever is believed could name any. */
function proxyOf(text: string): Network | null {
  try {
    return /\/0+$/.test(text) ? null : parseNetwork(text);
  } catch {
    return null;
  }
}

function originOf(text: string): string | null {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text ? text : null;
}

function registryConfig(read: Settings): RegistryConfig {
  const [host = "", ...path] = read.required("SLIPWAY_REGISTRY", "host[:port][/path], e.g. 127.0.0.1:5000").split("/");
  if (host !== "" && !/^(?:\[[0-9a-f:]+\]|[a-zA-Z0-9.-]+)(?::\d{1,5})?$/.test(host))
    read.problem(`SLIPWAY_REGISTRY names the host "${host}": write host[:port][/path] without a scheme`);
  const username = read.text("SLIPWAY_REGISTRY_USERNAME", "");
  const password = read.secret("SLIPWAY_REGISTRY_PASSWORD");
  if ((username === "") !== (password === ""))
    read.problem("SLIPWAY_REGISTRY_USERNAME and SLIPWAY_REGISTRY_PASSWORD go together: set both or neither");
  return {
    host,
    prefix: path.filter((part) => part !== "").join("/"),
    credentials: username === "" ? null : { username, password },
  };
}

function baseConfig(read: Settings): BaseConfig {
  const text = read.text("SLIPWAY_BASE", "debian:bookworm");
  if (/^debian:[a-z]+$/.test(text)) return { from: "debian", suite: text.slice("debian:".length) };
  if (!/@sha256:[0-9a-f]{64}$/.test(text))
    read.problem(`SLIPWAY_BASE is "${text}": write debian:<suite>, or host/repository@sha256:… (pinned by digest)`);
  return { from: "image", reference: text };
}

/** Reads settings one by one and keeps what is wrong, so that all of it is said at once. */
class Settings {
  readonly #environment: Environment;
  readonly #problems: string[] = [];

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  problem(sentence: string): void {
    this.#problems.push(sentence);
  }

  finish(): void {
    if (this.#problems.length > 0) throw new ConfigError(this.#problems);
  }

  text(name: string, otherwise: string): string {
    const value = this.#environment[name];
    return value === undefined || value === "" ? otherwise : value;
  }

  required(name: string, form: string): string {
    const value = this.text(name, "");
    if (value === "") this.problem(`${name} is not set: give it as ${form}`);
    return value;
  }

  /** `NAME`, or the content of the file that `NAME_FILE` names. */
  secret(name: string): string {
    const file = this.text(`${name}_FILE`, "");
    if (file === "") return this.text(name, "");
    if (this.text(name, "") !== "") this.problem(`${name} and ${name}_FILE are both set: set one`);
    try {
      return readFileSync(file, "utf8").trimEnd();
    } catch (error) {
      this.problem(`${name}_FILE cannot be read: ${error instanceof Error ? error.message : String(error)}`);
      return "";
    }
  }

  /** Null where it is not set. */
  longSecret(name: string, shortest: number): string | null {
    const value = this.secret(name);
    if (value === "") return null;
    // A header carries nothing else.
    if (!/^[\x21-\x7e][\x20-\x7e]*[\x21-\x7e]$/.test(value))
      this.problem(`${name} is not printable ASCII: give letters, digits and signs`);
    if (value.length < shortest)
      this.problem(`${name} has ${value.length} characters: give a secret of ${shortest} or more, by chance`);
    return value;
  }

  /** Separated by commas; `form` says how one is written. */
  list<T>(name: string, form: string, parse: (text: string) => T | null): T[] {
    const texts = this.text(name, "")
      .split(",")
      .map((text) => text.trim())
      .filter((text) => text !== "");
    return texts.flatMap((text) => {
      const value = parse(text);
      if (value === null) this.problem(`${name} names "${text}": write ${form}; several with commas between`);
      return value === null ? [] : [value];
    });
  }

  /** Null for none, which is written 0. */
  limit(name: string, otherwise: number | null): number | null {
    const value = this.integer(name, otherwise ?? 0, { min: 0, max: 1_000_000_000 });
    return value === 0 ? null : value;
  }

  url(name: string, protocols: readonly string[]): string {
    const form = `${protocols[0]}//…`;
    const value = this.secret(name);
    if (value === "") {
      this.problem(`${name} is not set: give it as ${form}`);
      return value;
    }
    // The value may hold a password: it is never repeated.
    if (!URL.canParse(value) || !protocols.includes(new URL(value).protocol))
      this.problem(`${name} is not a URL of the form ${form}`);
    return value;
  }

  integer(name: string, otherwise: number, range: { min: number; max: number }): number {
    const text = this.text(name, String(otherwise));
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= range.min && value <= range.max))
      this.problem(`${name} is "${text}": give a whole number from ${range.min} to ${range.max}`);
    return value;
  }

  /** Read in seconds, returned in milliseconds. */
  seconds(name: string, otherwise: number, range: { min: number; max: number }): number {
    const text = this.text(name, String(otherwise));
    const value = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= range.min && value <= range.max))
      this.problem(`${name} is "${text}": give seconds from ${range.min} to ${range.max}`);
    return Math.round(value * 1_000);
  }

  oneOf<T extends string>(name: string, values: readonly T[], otherwise: T): T {
    const text = this.text(name, otherwise);
    const value = values.find((candidate) => candidate === text);
    if (value === undefined) this.problem(`${name} is "${text}": give ${values.join(", ")}`);
    return value ?? otherwise;
  }
}
