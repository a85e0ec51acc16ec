import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readConfig } from "./config.ts";
import { ConfigError, type Environment } from "./settings.ts";

const needed = {
  DATABASE_URL: "postgres://slipway:secret@db/slipway",
  REDIS_URL: "redis://queue",
  SLIPWAY_REGISTRY: "Registry.example:5000/team/models/",
};

describe("settings", () => {
  it("have a default wherever there can be one", () => {
    expect(readConfig(needed)).toMatchObject({
      http: { host: "127.0.0.1", port: 7070 },
      registry: {
        host: "registry.example:5000",
        endpoint: null,
        repository: "team/models/{model}",
        auth: "anonymous",
        credentials: null,
      },
      bases: [
        { from: "debian", suite: "bookworm" },
        { from: "debian", suite: "trixie" },
      ],
      work: { leaseMs: 15_000, retryForMs: 3_600_000, lostLeasesLimit: 20 },
      logLevel: "info",
    });
  });

  it.each(["https://slipway.example.com/ml", "https://slipway.example.com/ml/", "https://slipway.example.com/ml//"])(
    "call this instance %s without a slash at its end",
    (SLIPWAY_PUBLIC_URL) => {
      const { federation } = readConfig({ ...needed, SLIPWAY_PUBLIC_URL });
      expect(federation.publicUrl).toBe("https://slipway.example.com/ml");
    },
  );

  describe("of sign-in", () => {
    const signIn = {
      ...needed,
      SLIPWAY_ACCESS: "on",
      SLIPWAY_PUBLIC_URL: "https://slipway.example.com/",
      SLIPWAY_OIDC_ISSUER: "https://id.example.com/realms/acme",
      SLIPWAY_OIDC_CLIENT_ID: "slipway",
    };

    it("say what groups give, whatever their names hold", () => {
      const roles = "/ml/admins=administrator:*, cn=ops%2Cou=it=promoter:fraud.*:stable,100%25=reader:churn";
      expect(readConfig({ ...signIn, SLIPWAY_OIDC_ROLES: roles }).signIn).toEqual({
        issuer: "https://id.example.com/realms/acme",
        clientId: "slipway",
        clientSecret: null,
        scopes: "openid profile email",
        nameClaim: "preferred_username",
        groupsClaim: "groups",
        roles: [
          { group: "/ml/admins", grant: { role: "administrator", pattern: "*", tags: null } },
          { group: "cn=ops,ou=it", grant: { role: "promoter", pattern: "fraud.*", tags: ["stable"] } },
          { group: "100%", grant: { role: "reader", pattern: "churn", tags: null } },
        ],
        tokenMs: 43_200_000,
        publicUrl: "https://slipway.example.com",
      });
      expect(readConfig(signIn).federation.publicUrl).toBe("https://slipway.example.com");
      expect(readConfig(needed).signIn).toBeNull();
    });

    it.each<[Environment, string]>([
      [{ SLIPWAY_OIDC_ISSUER: "http://id.example.com" }, "SLIPWAY_OIDC_ISSUER"],
      [{ SLIPWAY_OIDC_ISSUER: "https://id.example.com?x" }, "SLIPWAY_OIDC_ISSUER"],
      [{ SLIPWAY_OIDC_ISSUER: "" }, "SLIPWAY_OIDC_CLIENT_ID is set without"],
      [{ SLIPWAY_OIDC_CLIENT_ID: "" }, "SLIPWAY_OIDC_CLIENT_ID"],
      [{ SLIPWAY_PUBLIC_URL: "" }, "needs SLIPWAY_PUBLIC_URL"],
      [{ SLIPWAY_ACCESS: "off" }, "needs SLIPWAY_ACCESS on"],
      [{ SLIPWAY_OIDC_SCOPES: "profile" }, "lacks openid"],
      [{ SLIPWAY_OIDC_GROUPS_CLAIM: "email" }, "which others are given later"],
      [{ SLIPWAY_OIDC_ROLES: "team=owner:*" }, "SLIPWAY_OIDC_ROLES"],
      [{ SLIPWAY_OIDC_ROLES: "team=uploader:*:stable" }, "SLIPWAY_OIDC_ROLES"],
      [{ SLIPWAY_OIDC_ROLES: "team=promoter:*:latest" }, "SLIPWAY_OIDC_ROLES"],
      [{ SLIPWAY_OIDC_ROLES: "=reader:*" }, "SLIPWAY_OIDC_ROLES"],
      [{ SLIPWAY_OIDC_ROLES: "100%=reader:*" }, "SLIPWAY_OIDC_ROLES"],
      [{ SLIPWAY_OIDC_TOKEN_HOURS: "0" }, "SLIPWAY_OIDC_TOKEN_HOURS"],
    ])("with %j are refused", (changes, words) => {
      expect(() => readConfig({ ...signIn, ...changes })).toThrow(words);
    });
  });

  it("of what is kept have defaults, and are refused where nobody could mean them", () => {
    expect(readConfig(needed).keeping).toMatchObject({
      collectEveryMs: 21_600_000,
      graceMs: 86_400_000,
      deletable: [],
    });
    expect(readConfig({ ...needed, SLIPWAY_DRAFT_DAYS: "0" }).keeping.draftLifetimeMs).toBeNull();
    expect(readConfig({ ...needed, SLIPWAY_DELETABLE_MODELS: "churn, fraud.*" }).keeping.deletable).toEqual([
      "churn",
      "fraud.*",
    ]);
    const problems = problemsOf({
      ...needed,
      SLIPWAY_GARBAGE_HOURS: "daily",
      SLIPWAY_GARBAGE_GRACE_HOURS: "-1",
      SLIPWAY_DRAFT_DAYS: "1.5",
      SLIPWAY_DELETABLE_MODELS: "churn, Fraud/*",
      SLIPWAY_VERIFY_DAYS: "never",
      SLIPWAY_VERIFY_MEGABYTES_PER_SECOND: "0",
    });
    expect(problems).toHaveLength(6);
    expect(problems.join()).toContain('SLIPWAY_DELETABLE_MODELS names "Fraud/*"');
  });

  it("of how images are looked after have defaults, and may be none", () => {
    expect(readConfig(needed).images).toEqual({ checkAllMs: 604_800_000, retentionEveryMs: 86_400_000 });
    const never = { ...needed, SLIPWAY_IMAGE_CHECK_HOURS: "0", SLIPWAY_RETENTION_HOURS: "0" };
    expect(readConfig(never).images).toEqual({ checkAllMs: 0, retentionEveryMs: 0 });
    expect(problemsOf({ ...needed, SLIPWAY_IMAGE_CHECK_HOURS: "weekly" })).toHaveLength(1);
  });

  it("say all that is wrong at once, and never repeat a secret", () => {
    const problems = problemsOf({
      DATABASE_URL: "mysql://user:hunter2@db/x",
      SLIPWAY_HOST: "0.0.0.0",
      SLIPWAY_PORT: "70700",
      SLIPWAY_ACCESS: "off",
      SLIPWAY_TRUSTED_PROXIES: "10.0.0.1, proxy.example",
      SLIPWAY_RATE_LIMIT_TOKEN: "-1",
      SLIPWAY_RATE_LIMIT_ADDRESS: "many",
      SLIPWAY_RATE_LIMIT_WITHOUT_REDIS: "wait",
      SLIPWAY_REGISTRY: "https://registry.example",
      SLIPWAY_REGISTRY_USERNAME: "ci",
      SLIPWAY_BASE: "python:3.12-slim",
      SLIPWAY_LEASE_SECONDS: "soon",
      LOG_LEVEL: "loud",
    });
    for (const name of [
      "DATABASE_URL",
      "REDIS_URL",
      "SLIPWAY_HOST",
      "SLIPWAY_PORT",
      "SLIPWAY_ACCESS",
      "SLIPWAY_TRUSTED_PROXIES",
      "SLIPWAY_RATE_LIMIT_TOKEN",
      "SLIPWAY_RATE_LIMIT_ADDRESS",
      "SLIPWAY_RATE_LIMIT_WITHOUT_REDIS",
      "SLIPWAY_REGISTRY names the host",
      "SLIPWAY_REGISTRY_PASSWORD",
      "SLIPWAY_BASE",
      "SLIPWAY_LEASE_SECONDS",
      "LOG_LEVEL",
    ])
      expect(
        problems.filter((problem) => problem.includes(name)),
        name,
      ).toHaveLength(1);
    expect(problems.join("\n")).not.toContain("hunter2");
  });

  it("take a secret from the file that …_FILE names, and from one place only", () => {
    const file = join(mkdtempSync(join(tmpdir(), "slipway-config-")), "url");
    writeFileSync(file, "postgres://from-file/db\n");
    const { DATABASE_URL: _, ...others } = needed;
    expect(readConfig({ ...others, DATABASE_URL_FILE: file }).database.url).toBe("postgres://from-file/db");
    expect(problemsOf({ ...needed, DATABASE_URL_FILE: file })).toEqual([
      "DATABASE_URL and DATABASE_URL_FILE are both set: set one",
    ]);
    expect(problemsOf({ ...others, DATABASE_URL_FILE: "/nowhere" })[0]).toMatch(/^DATABASE_URL_FILE cannot be read/);
  });

  it.each(["127.0.0.1", "::1", "localhost"])("leave access off on %s unless it is asked for", (host) => {
    const off = readConfig({ ...needed, SLIPWAY_HOST: host });
    expect([off.access.on, off.access.limits]).toEqual([
      false,
      { requestsByToken: null, requestsByAddress: null, exchangesByAddress: null },
    ]);
    expect(readConfig({ ...needed, SLIPWAY_HOST: host, SLIPWAY_ACCESS: "on" }).access.on).toBe(true);
  });

  it.each(["0.0.0.0", "::", "10.0.0.1", "slipway.example"])(
    "turn access on where Slipway listens on %s, and let nobody turn it off",
    (host) => {
      const on = readConfig({ ...needed, SLIPWAY_HOST: host });
      expect([on.access.on, on.access.limits]).toEqual([
        true,
        { requestsByToken: null, requestsByAddress: 1_000, exchangesByAddress: 120 },
      ]);
      expect(problemsOf({ ...needed, SLIPWAY_HOST: host, SLIPWAY_ACCESS: "off" })).toEqual([
        expect.stringMatching(/^SLIPWAY_ACCESS is off and SLIPWAY_HOST .* listens on loopback only/),
      ]);
    },
  );

  it("take 0 for no limit", () => {
    const { access } = readConfig({
      ...needed,
      SLIPWAY_ACCESS: "on",
      SLIPWAY_RATE_LIMIT_ADDRESS: "0",
      SLIPWAY_RATE_LIMIT_EXCHANGE: "0",
    });
    expect(access.limits).toEqual({ requestsByToken: null, requestsByAddress: null, exchangesByAddress: null });
  });

  it("take proxies as addresses and networks, and nobody for all", () => {
    const proxies = "10.0.0.5, 10.1.0.0/16,2001:db8::/32";
    expect(readConfig({ ...needed, SLIPWAY_TRUSTED_PROXIES: proxies }).http.trustedProxies).toEqual([
      "10.0.0.5",
      "10.1.0.0/16",
      "2001:db8::/32",
    ]);
    for (const wrong of ["nginx", "true", "1", "0.0.0.0/0", "::/0", "10.0.0.0/33"])
      expect(problemsOf({ ...needed, SLIPWAY_TRUSTED_PROXIES: wrong })).toEqual([
        `SLIPWAY_TRUSTED_PROXIES names "${wrong}": write the address of a proxy, or its network such as 10.1.0.0/16; several with commas between`,
      ]);
  });

  it("take origins as a browser says them, and only with access on", () => {
    const origins = "https://ml.example.com,http://localhost:5173";
    const on = { ...needed, SLIPWAY_ACCESS: "on" };
    expect(readConfig({ ...on, SLIPWAY_CORS_ORIGINS: origins }).http.corsOrigins).toEqual(origins.split(","));
    for (const wrong of [
      "*",
      "null",
      "https://ml.example.com/",
      "ml.example.com",
      "https://ml.example.com:443",
      "file://",
    ])
      expect(problemsOf({ ...on, SLIPWAY_CORS_ORIGINS: wrong })[0]).toMatch(/^SLIPWAY_CORS_ORIGINS names ".*": write/);
    expect(problemsOf({ ...needed, SLIPWAY_CORS_ORIGINS: origins })).toEqual([
      expect.stringMatching(/^SLIPWAY_CORS_ORIGINS needs SLIPWAY_ACCESS on/),
    ]);
  });

  it("know the registry by its name, and by an address where it has another", () => {
    const endpointOf = (endpoint: string) =>
      readConfig({ ...needed, SLIPWAY_REGISTRY_ENDPOINT: endpoint }).registry.endpoint;
    expect(endpointOf("")).toBeNull();
    expect(endpointOf("http://registry:5000")).toBe("http://registry:5000");
    expect(endpointOf("https://registry.internal/")).toBe("https://registry.internal");
    for (const wrong of ["registry:5000", "http://registry:5000/v2", "http://ci:hunter2@registry", "ftp://registry"]) {
      const problems = problemsOf({ ...needed, SLIPWAY_REGISTRY_ENDPOINT: wrong });
      expect(problems).toEqual([expect.stringMatching(/^SLIPWAY_REGISTRY_ENDPOINT is no /)]);
      expect(problems[0]).not.toContain("hunter2");
    }
  });

  it("take a base from a registry only by its digest", () => {
    const reference = `registry.example/python@sha256:${"a".repeat(64)}`;
    const basesOf = (text: string) => readConfig({ ...needed, SLIPWAY_BASE: text }).bases;
    expect(basesOf(reference)).toEqual([{ from: "image", reference, pythonMinor: null, credentials: null }]);
    expect(basesOf(`debian:bookworm, 3.12=${reference}`)).toEqual([
      { from: "debian", suite: "bookworm" },
      { from: "image", reference, pythonMinor: "3.12", credentials: null },
    ]);
    for (const wrong of [`debian:bookworm,${reference}`, "python:3.12-slim", `3=${reference}`, "debian:bookworm,"])
      expect(problemsOf({ ...needed, SLIPWAY_BASE: wrong })).toEqual([expect.stringMatching(/^SLIPWAY_BASE has "/)]);
  });
});

describe("a bucket for artifacts", () => {
  const bucket = { ...needed, SLIPWAY_S3_BUCKET: "models" };
  const s3Of = (settings: Environment) => readConfig({ ...bucket, ...settings }).artifacts.s3;

  it("is not there unless it is named, and is AWS's unless an endpoint is", () => {
    expect(readConfig(needed).artifacts.s3).toBeNull();
    expect(s3Of({})).toEqual({
      bucket: "models",
      prefix: "",
      endpoint: null,
      publicEndpoint: null,
      region: "us-east-1",
      pathStyle: false,
      checksums: "required",
      sse: null,
      storageClass: null,
    });
    expect(s3Of({ SLIPWAY_S3_ENDPOINT: "http://minio:9000" })).toMatchObject({
      endpoint: "http://minio:9000",
      pathStyle: true,
    });
    expect(s3Of({ SLIPWAY_S3_ENDPOINT: "http://minio:9000", SLIPWAY_S3_PATH_STYLE: "off" })?.pathStyle).toBe(false);
    expect(s3Of({ SLIPWAY_S3_PUBLIC_ENDPOINT: "https://s3.example" })?.publicEndpoint).toBe("https://s3.example");
  });

  it("is in the region that AWS's own tools take, unless Slipway is told another", () => {
    expect(s3Of({ AWS_REGION: "eu-west-3" })?.region).toBe("eu-west-3");
    expect(s3Of({ AWS_REGION: "eu-west-3", SLIPWAY_S3_REGION: "eu-north-1" })?.region).toBe("eu-north-1");
  });

  it("keeps objects under a folder, encrypted and in a class as told", () => {
    for (const prefix of ["slipway/prod", "/slipway/prod/"])
      expect(s3Of({ SLIPWAY_S3_PREFIX: prefix })?.prefix).toBe("slipway/prod/");
    expect(s3Of({ SLIPWAY_S3_SSE: "s3", SLIPWAY_S3_STORAGE_CLASS: "STANDARD_IA" })).toMatchObject({
      sse: { mode: "s3" },
      storageClass: "STANDARD_IA",
    });
    expect(s3Of({ SLIPWAY_S3_SSE: "kms" })?.sse).toEqual({ mode: "kms", keyId: null });
    expect(s3Of({ SLIPWAY_S3_SSE: "kms", SLIPWAY_S3_KMS_KEY: "alias/models" })?.sse).toEqual({
      mode: "kms",
      keyId: "alias/models",
    });
  });

  it.each([
    ["SLIPWAY_S3_BUCKET", "s3://models/slipway", "alone"],
    ["SLIPWAY_S3_PREFIX", "a//b", "words with / between"],
    ["SLIPWAY_S3_PREFIX", "a/../b", "words with / between"],
    ["SLIPWAY_S3_ENDPOINT", "minio:9000", "scheme, host and port alone"],
    ["SLIPWAY_S3_ENDPOINT", "http://minio:9000/models", "scheme, host and port alone"],
    ["SLIPWAY_S3_ENDPOINT", "http://user:hunter2@minio:9000", "scheme, host and port alone"],
    ["SLIPWAY_S3_PUBLIC_ENDPOINT", "s3.example", "scheme, host and port alone"],
    ["SLIPWAY_S3_PATH_STYLE", "yes", "on, off"],
    ["SLIPWAY_S3_CHECKSUMS", "none", "required, supported"],
    ["SLIPWAY_S3_SSE", "aes", "none, s3, kms"],
    ["SLIPWAY_S3_KMS_KEY", "alias/models", "is not kms"],
    ["SLIPWAY_S3_STORAGE_CLASS", "GLACIER", "read at once"],
    ["SLIPWAY_ARTIFACTS_DIR", "/srv/artifacts", "kept in one place"],
  ])("is refused with %s %s", (name, value, words) => {
    const problems = problemsOf({ ...bucket, [name]: value });
    expect(problems).toEqual([expect.stringContaining(name)]);
    expect(problems[0]).toContain(words);
    expect(problems[0]).not.toContain("hunter2");
  });

  it("is missed where only what belongs to one is set", () => {
    expect(problemsOf({ ...needed, SLIPWAY_S3_ENDPOINT: "http://minio:9000" })).toEqual([
      "SLIPWAY_S3_ENDPOINT is set without SLIPWAY_S3_BUCKET: set that one, too",
    ]);
  });
});

function problemsOf(environment: Environment): readonly string[] {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error("nothing was found wrong");
}
