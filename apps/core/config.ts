import { homedir } from "node:os";
import { resolve } from "node:path";
import { type NamePattern, parseNamePattern } from "./access/name-pattern.ts";
import { type Network, parseNetwork } from "./access/networks.ts";
import { artifactsConfig } from "./artifacts-config.ts";
import { type EngineConfig, engineConfig, type NetworkConfig, networkConfig } from "./build-config.ts";
import { foreignSecrets } from "./foreign-secrets.ts";
import { helperEnvironment } from "./images/registries/credentials/helper-environment.ts";
import type { RegistryAuth } from "./images/registries/registry-auth.ts";
import type { RepositoryTemplate } from "./images/registries/repository-template.ts";
import { isLoopback } from "./loopback.ts";
import { caBundle, cloudLoginHosts, registryConfig } from "./registry-config.ts";
import { ConfigError, type Environment, Settings } from "./settings.ts";
import { type SignInConfig, signInConfig } from "./sign-in-config.ts";

export type { EngineConfig, NetworkConfig, SignInConfig };

/** Settings of every part. Strings are read once here; nothing else looks at the environment. */
export interface Config {
  logLevel: string;
  dataDir: string;
  http: HttpConfig;
  access: AccessConfig;
  secrets: SecretsConfig;
  database: { url: string; poolSize: number };
  queue: { url: string; prefix: string };
  artifacts: ArtifactsConfig;
  uploads: UploadsConfig;
  /** Of libraries that find them themselves (foreign-secrets.ts). */
  foreignSecrets: string[];
  keeping: KeepingConfig;
  registry: RegistryConfig;
  /** Hosts that a cloud's login may go to, beside those that are the cloud's own. */
  cloudLoginHosts: string[];
  /** Certificates (PEM) of a company's own authorities, trusted by whatever registry is spoken to; null for none. */
  ca: string | null;
  docker: DockerConfig;
  engine: EngineConfig;
  network: NetworkConfig;
  proof: ProofConfig;
  images: ImageCareConfig;
  tags: TagsConfig;
  /** At least one; the first serves packages that want no Python in particular. */
  bases: readonly BaseConfig[];
  tools: { uv: string; mmdebstrap: string };
  /** `slim`: they are laid out without tests, headers and static libraries. */
  wheels: { slim: boolean; cacheBytes: number };
  scratchDir: string;
  cacheDir: string;
  work: WorkConfig;
  webhooks: WebhooksConfig;
  federation: FederationConfig;
  /** Null where nobody signs in. */
  signIn: SignInConfig | null;
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
  limits: { requestsByToken: number | null; requestsByAddress: number | null; exchangesByAddress: number | null };
  /** Whether requests pass while Redis, which counts them, is away. */
  passWithoutRedis: boolean;
}

export interface SecretsConfig {
  /** What stored secrets are encrypted with; null where none is stored. */
  key: string | null;
  /** What those that were stored before the last change of `key` are still encrypted with. */
  previousKey: string | null;
}

/** Where artifacts are kept: in a bucket where there is one, and else in a folder. */
export interface ArtifactsConfig {
  dir: string;
  s3: S3Config | null;
  /** Of the disk of the folder: what would leave less is refused. */
  leastFreeBytes: number;
}

export interface UploadsConfig {
  /** What comes over more than one request and is not whole by then is removed. */
  lifetimeMs: number;
  /** Null for any size. */
  largestFileBytes: number | null;
}

/** A bucket that takes artifacts; credentials come as the AWS SDK finds them (`AWS_…`, files, roles). */
export interface S3Config {
  bucket: string;
  /** Before every key; empty, or ending with a slash. */
  prefix: string;
  /** Null for AWS itself. */
  endpoint: string | null;
  /** By which clients reach it, where that is another. */
  publicEndpoint: string | null;
  region: string;
  /** `https://host/bucket/key` instead of `https://bucket.host/key`. */
  pathStyle: boolean;
  /** Whether a CRC32 goes with every write (`supported`), which some servers refuse, or only where S3 demands one. */
  checksums: "required" | "supported";
  sse: null | { mode: "s3" } | { mode: "kms"; keyId: string | null };
  storageClass: string | null;
}

/** How long what is stored is kept, and how it is looked after. */
export interface KeepingConfig {
  /** Of garbage collection, and of what expires; 0: never. */
  collectEveryMs: number;
  /** How long bytes are kept that nothing refers to. */
  graceMs: number;
  /** Drafts that nobody has touched for so long are deleted; null: none. */
  draftLifetimeMs: number | null;
  /** Models of which sealed versions may be deleted. */
  deletable: NamePattern[];
  /** In which time all that is stored is read once and held against its digests; 0: never. */
  verifyAllMs: number;
  verifyBytesPerSecond: number;
}

/** Where images are pushed, where no other registry is said to be for a model. */
export interface RegistryConfig {
  /** `host[:port]`, as it stands in image references. */
  host: string;
  /** Where Slipway itself reaches it, where that is not under the name that stands in references: `http://registry:5000`. */
  endpoint: string | null;
  /** Path of a model's repository. */
  repository: RepositoryTemplate;
  auth: RegistryAuth;
  /** Of `password`; of `ecr` an access key, where it is not the chain's. */
  credentials: { username: string; password: string } | null;
  /** Whether a repository is made where the registry has none (ECR). */
  createRepositories: boolean;
  plainHttp: boolean;
  /** Certificates (PEM) that are trusted there beside the public ones and `Config.ca`. */
  ca: string | null;
}

/** Docker's own logins, for registries whose auth is `docker-config`. */
export interface DockerConfig {
  /** Where its `config.json` is. */
  configDir: string;
  /** What a credential helper may know. */
  helperEnvironment: Record<string, string>;
}

/** How images are looked after in their registries. */
export interface ImageCareConfig {
  /** In which time registries are asked once for every image; 0: never. */
  checkAllMs: number;
  /** How often retention rules are gone by; 0: never. */
  retentionEveryMs: number;
}

/** Tags in image registries. */
export interface TagsConfig {
  /** How often they are looked for; 0: never. */
  checkMs: number;
  /** What is done with one that others have moved there. */
  drift: "repair" | "report";
  /** Whether tags move while the registry of their image is known to be away. */
  whileAway: "accept" | "refuse";
}

/** The smoke test of an image that was made. */
export interface ProofConfig {
  on: boolean;
  /** From the container's start to its last answer. */
  limitMs: number;
  memoryBytes: number;
  cpus: number;
}

/** `debian` makes the base from Debian packages; `image` takes one from a registry, pinned by digest. */
export type BaseConfig =
  | { from: "debian"; suite: string }
  | {
      from: "image";
      reference: string;
      /** `3.12`, as the operator says; null: seen when it is pulled. */
      pythonMinor: string | null;
      /** Null: those of the registry that images are pushed to, where it is the same. */
      credentials: { username: string; password: string } | null;
    };

export interface WebhooksConfig {
  /** Beside the public addresses of the internet, where events may be sent. */
  networks: Network[];
  /** How long an event is tried at a webhook, and a webhook that takes nothing is tried at all. */
  retryForMs: number;
}

/** Whose tokens are exchanged for ours is said by rules; here is where they may be asked for their keys. */
export interface FederationConfig {
  /** As clients reach this instance, and what tokens for it name as their audience; null where nobody said. */
  publicUrl: string | null;
  /** Beside the public addresses of the internet, where issuers may be. */
  networks: Network[];
}

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

const dayMs = 86_400_000;

export function readConfig(environment: Environment): Config {
  const read = new Settings(environment);
  const dataDir = resolve(read.text("SLIPWAY_DATA_DIR", ".slipway"));
  const host = read.text("SLIPWAY_HOST", "127.0.0.1");
  const access = accessConfig(read, host);
  const ca = caBundle(read);
  const ownUrl = publicUrl(read);
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
    artifacts: artifactsConfig(read, dataDir),
    uploads: uploadsConfig(read),
    foreignSecrets: foreignSecrets(read, homedir()),
    keeping: keepingConfig(read),
    registry: registryConfig(read),
    cloudLoginHosts: cloudLoginHosts(read),
    ca,
    docker: {
      configDir: resolve(read.text("DOCKER_CONFIG", `${homedir()}/.docker`)),
      helperEnvironment: helperEnvironment(environment),
    },
    engine: engineConfig(read),
    network: networkConfig(read, ca),
    proof: proofConfig(read),
    images: {
      checkAllMs: read.hours("SLIPWAY_IMAGE_CHECK_HOURS", 168, { min: 0, max: 8_760 }),
      retentionEveryMs: read.hours("SLIPWAY_RETENTION_HOURS", 24, { min: 0, max: 8_760 }),
    },
    tags: {
      checkMs: read.hours("SLIPWAY_TAG_CHECK_HOURS", 1, { min: 0, max: 8_760 }),
      drift: read.oneOf("SLIPWAY_TAG_DRIFT", ["repair", "report"], "repair"),
      whileAway: read.oneOf("SLIPWAY_PROMOTE_WHILE_AWAY", ["accept", "refuse"], "accept"),
    },
    bases: basesConfig(read),
    tools: { uv: read.text("SLIPWAY_UV", "uv"), mmdebstrap: read.text("SLIPWAY_MMDEBSTRAP", "mmdebstrap") },
    wheels: {
      slim: read.oneOf("SLIPWAY_SLIM_WHEELS", ["on", "off"], "off") === "on",
      cacheBytes: read.integer("SLIPWAY_WHEEL_CACHE_MEGABYTES", 20_480, { min: 0, max: 1_048_576 }) * 1024 * 1024,
    },
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
      healthPort: workerPort(read),
    },
    webhooks: {
      networks: read.list("SLIPWAY_WEBHOOK_NETWORKS", "an address, or a network such as 10.1.0.0/16", networkOf),
      retryForMs: read.hours("SLIPWAY_WEBHOOK_RETRY_HOURS", 72, { min: 0.01, max: 8_760 }),
    },
    federation: {
      publicUrl: ownUrl,
      networks: read.list("SLIPWAY_ISSUER_NETWORKS", "an address, or a network such as 10.1.0.0/16", networkOf),
    },
    signIn: signInConfig(read, { accessOn: access.on, publicUrl: ownUrl }),
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

/** The settings that making the bucket needs. */
export function readBucketConfig(environment: Environment): S3Config {
  const read = new Settings(environment);
  const { s3 } = artifactsConfig(read, resolve(read.text("SLIPWAY_DATA_DIR", ".slipway")));
  read.finish();
  if (s3 === null) throw new ConfigError(["SLIPWAY_S3_BUCKET is not set: give the name of the bucket to make"]);
  return s3;
}

/** Where the API and the worker of one container answer `/healthz`. */
export function readHealthAddresses(environment: Environment): URL[] {
  const read = new Settings(environment);
  const host = read.text("SLIPWAY_HOST", "127.0.0.1");
  const ports = [apiPort(read), workerPort(read)].filter((port) => port !== 0);
  read.finish();
  const reached = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return ports.map((port) => new URL(`http://${reached.includes(":") ? `[${reached}]` : reached}:${port}/healthz`));
}

/** What a rotation of the key needs. */
export function readRotationConfig(environment: Environment): Pick<Config, "database" | "secrets"> {
  const read = new Settings(environment);
  const config = { database: { url: databaseUrl(read), poolSize: 2 }, secrets: secretsConfig(read) };
  if (config.secrets.key === null) read.problem("SLIPWAY_SECRET_KEY is not set: give the new key");
  read.finish();
  return config;
}

/** What the commands need that look after what is stored. */
export function readKeepingConfig(environment: Environment): Pick<Config, "database" | "artifacts" | "keeping"> {
  const read = new Settings(environment);
  const config = {
    database: { url: databaseUrl(read), poolSize: 4 },
    artifacts: artifactsConfig(read, resolve(read.text("SLIPWAY_DATA_DIR", ".slipway"))),
    keeping: keepingConfig(read),
  };
  read.finish();
  return config;
}

function apiPort(read: Settings): number {
  return read.integer("SLIPWAY_PORT", 7070, { min: 0, max: 65_535 });
}

function workerPort(read: Settings): number {
  return read.integer("SLIPWAY_WORKER_PORT", 0, { min: 0, max: 65_535 });
}

function databaseUrl(read: Settings): string {
  return read.url("DATABASE_URL", ["postgres:", "postgresql:"]);
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
    port: apiPort(read),
    trustedProxies: read.list(
      "SLIPWAY_TRUSTED_PROXIES",
      "the address of a proxy, or its network such as 10.1.0.0/16",
      proxyOf,
    ),
    corsOrigins,
  };
}

/** No secret: whoever calls knows it, and it is shown to issuers. */
function publicUrl(read: Settings): string | null {
  const text = read.text("SLIPWAY_PUBLIC_URL", "");
  if (text === "") return null;
  if (!/^https?:\/\/[^\s@?#]+$/.test(text) || !URL.canParse(text))
    read.problem("SLIPWAY_PUBLIC_URL is no URL of the form https://…, without user and query");
  return text.replace(/\/+$/, "");
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
      exchangesByAddress: read.limit("SLIPWAY_RATE_LIMIT_EXCHANGE", on ? 120 : null),
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
  return /\/0+$/.test(text) ? null : networkOf(text);
}

function networkOf(text: string): Network | null {
  try {
    return parseNetwork(text);
  } catch {
    return null;
  }
}

function originOf(text: string): string | null {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text ? text : null;
}

function uploadsConfig(read: Settings): UploadsConfig {
  const largest = read.integer("SLIPWAY_LARGEST_FILE_BYTES", 0, { min: 0, max: Number.MAX_SAFE_INTEGER });
  return {
    lifetimeMs: read.integer("SLIPWAY_UPLOAD_DAYS", 7, { min: 1, max: 365 }) * dayMs,
    largestFileBytes: largest === 0 ? null : largest,
  };
}

function keepingConfig(read: Settings): KeepingConfig {
  const draftDays = read.limit("SLIPWAY_DRAFT_DAYS", 90);
  return {
    collectEveryMs: read.hours("SLIPWAY_GARBAGE_HOURS", 6, { min: 0, max: 8_760 }),
    graceMs: read.hours("SLIPWAY_GARBAGE_GRACE_HOURS", 24, { min: 0, max: 8_760 }),
    draftLifetimeMs: draftDays === null ? null : draftDays * dayMs,
    deletable: read.list(
      "SLIPWAY_DELETABLE_MODELS",
      "* for all, a model's name, or a group such as fraud.*",
      patternOf,
    ),
    verifyAllMs: read.integer("SLIPWAY_VERIFY_DAYS", 30, { min: 0, max: 3_650 }) * dayMs,
    verifyBytesPerSecond: read.integer("SLIPWAY_VERIFY_MEGABYTES_PER_SECOND", 50, { min: 1, max: 100_000 }) * 1_000_000,
  };
}

function patternOf(text: string): NamePattern | null {
  try {
    return parseNamePattern(text);
  } catch {
    return null;
  }
}

function proofConfig(read: Settings): ProofConfig {
  return {
    on: read.oneOf("SLIPWAY_PROOF", ["on", "off"], "on") === "on",
    limitMs: read.seconds("SLIPWAY_PROOF_LIMIT_SECONDS", 300, { min: 1, max: 3_600 }),
    memoryBytes: read.integer("SLIPWAY_PROOF_MEMORY_MEGABYTES", 4_096, { min: 16, max: 4_194_304 }) * 1024 * 1024,
    cpus: read.integer("SLIPWAY_PROOF_CPUS", 2, { min: 1, max: 1_024 }),
  };
}

function credentialsOf(read: Settings, name: string): { username: string; password: string } | null {
  const username = read.text(`${name}_USERNAME`, "");
  const password = read.secret(`${name}_PASSWORD`);
  if ((username === "") !== (password === ""))
    read.problem(`${name}_USERNAME and ${name}_PASSWORD go together: set both or neither`);
  return username === "" ? null : { username, password };
}

/** The first may be an image that says nothing of its Python; the others are found by it. */
function basesConfig(read: Settings): BaseConfig[] {
  const items = read.text("SLIPWAY_BASE", "debian:bookworm,debian:trixie").split(",");
  const credentials = items.some((item) => !item.trim().startsWith("debian:"))
    ? credentialsOf(read, "SLIPWAY_BASE")
    : null;
  return items.map((item, index): BaseConfig => {
    const text = item.trim();
    const [, suite] = /^debian:([a-z]+)$/.exec(text) ?? [];
    if (suite !== undefined) return { from: "debian", suite };
    const [, pythonMinor = null, reference = ""] = /^(?:(3\.\d{1,2})=)?([^\s=]+@sha256:[0-9a-f]{64})$/.exec(text) ?? [];
    if (reference === "" || (pythonMinor === null && index > 0))
      read.problem(
        `SLIPWAY_BASE has "${text}": write debian:<suite>, or ${index > 0 ? "3.12=" : ""}host/repository@sha256:… (pinned by digest${index > 0 ? ", with the Python that it has, as it is not the first" : ""})`,
      );
    return { from: "image", reference, pythonMinor, credentials };
  });
}
