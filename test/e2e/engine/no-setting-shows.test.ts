import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { freePort } from "#standalone/free-port.ts";
import { uvPath } from "#standalone/setup/uv.mjs";
import { addressForContainers, debianMirror, httpProxy, packageIndex, sdistOf } from "#test/company-network.ts";
import { type DockerEngine, dockerEngine } from "#test/docker-engine.ts";
import { databasePlaces, folderPlaces, imagePlaces, type Place, whatShows } from "#test/planted.ts";
import { withRedisUser, withRole } from "#test/planted-logins.ts";
import { startProgram } from "#test/planted-service.ts";
import { predictorPackage } from "#test/sealed.ts";
import { secretSettings } from "#test/secret-settings.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { testBucket } from "#test/test-bucket.ts";
import { testDatabase } from "#test/test-database.ts";
import { waitUntil } from "#test/wait-until.ts";
import { login, passwordRegistry } from "../../integration/images/guarded-registry.ts";
import { expectNothingLeft } from "./instance.ts";

const chance = randomBytes(6).toString("hex");
const engine = dockerEngine();
const plant = (name: string) => `plant/${name}+${randomBytes(16).toString("hex")}==`;

/** By the names of the settings that hold them, as the parts that are behind them know them. */
const planted: Record<string, string> = {
  DATABASE_URL: plant("postgres"),
  REDIS_URL: plant("redis"),
  SLIPWAY_ADMIN_TOKEN: plant("admin"),
  SLIPWAY_OIDC_CLIENT_SECRET: plant("client"),
  SLIPWAY_SECRET_KEY: plant("key"),
  SLIPWAY_PREVIOUS_SECRET_KEY: plant("previous"),
  SLIPWAY_REGISTRY_PASSWORD: login.password,
  SLIPWAY_BASE_PASSWORD: login.password,
  SLIPWAY_PACKAGE_INDEX: plant("index"),
  SLIPWAY_EXTRA_PACKAGE_INDEXES: plant("extra"),
  SLIPWAY_TORCH_INDEX: plant("torch"),
  SLIPWAY_APT_MIRROR: plant("mirror"),
  HTTP_PROXY: plant("proxy"),
  HTTPS_PROXY: plant("tls-proxy"),
  http_proxy: plant("small-proxy"),
  https_proxy: plant("small-tls-proxy"),
  AWS_SECRET_ACCESS_KEY: inject("s3").secretAccessKey,
  AWS_SESSION_TOKEN: plant("aws-session"),
  AWS_CONTAINER_AUTHORIZATION_TOKEN: plant("aws-container"),
  AZURE_CLIENT_SECRET: plant("azure"),
  AZURE_CLIENT_CERTIFICATE_PASSWORD: plant("azure-certificate"),
};
const of = (name: string): string => planted[name] ?? "";

it("has a plant for every setting that may hold a secret", () => {
  expect(Object.keys(planted).sort()).toEqual(secretSettings());
});

describe.skipIf(engine === null)("what builds and their company's network are told", async () => {
  const { docker } = engine as DockerEngine;
  const address = addressForContainers();
  // Each store of artifacts has a database of its own.
  const [{ url: administratorUrl }, { url: otherUrl }] = [await testDatabase(), await testDatabase()];
  const registry = await passwordRegistry();
  const dataDir = temporaryFolder();
  const bucket = await testBucket();
  const user = `planted_${chance}`;
  const sdist = await sdistOf("plantedsdist-1.0", {
    "PKG-INFO": "Metadata-Version: 2.1\nName: plantedsdist\nVersion: 1.0\n",
    "setup.py": "from setuptools import setup\nsetup(name='plantedsdist', version='1.0')\n",
  });
  const guardOf = (name: string) => ({ username: "planted", password: of(name) });
  const index = await packageIndex(address, guardOf("SLIPWAY_PACKAGE_INDEX"), { "plantedsdist-1.0.tar.gz": sdist });
  const extra = await packageIndex(address, guardOf("SLIPWAY_EXTRA_PACKAGE_INDEXES"));
  const torch = await packageIndex(address, guardOf("SLIPWAY_TORCH_INDEX"));
  const mirror = await debianMirror(address, guardOf("SLIPWAY_APT_MIRROR"));
  const proxy = await httpProxy(address, guardOf("HTTP_PROXY"));
  const tlsProxy = await httpProxy(address, guardOf("HTTPS_PROXY"));
  const known: Record<string, string> = {
    DATABASE_URL: await withRole(administratorUrl, user, of("DATABASE_URL")),
    REDIS_URL: await withRedisUser(user, of("REDIS_URL")),
    SLIPWAY_PACKAGE_INDEX: index.url,
    SLIPWAY_EXTRA_PACKAGE_INDEXES: extra.url,
    SLIPWAY_TORCH_INDEX: torch.url,
    SLIPWAY_APT_MIRROR: mirror.url,
    HTTP_PROXY: proxy.url,
    HTTPS_PROXY: tlsProxy.url,
    // Passed over where the others are there, and planted all the same.
    http_proxy: `http://planted:${encodeURIComponent(of("http_proxy"))}@127.0.0.1:9`,
    https_proxy: `http://planted:${encodeURIComponent(of("https_proxy"))}@127.0.0.1:9`,
  };
  const valueFor = (name: string): string => known[name] ?? of(name);
  const plain: Record<string, string> = {
    PATH: process.env["PATH"] ?? "",
    HOME: dataDir,
    SLIPWAY_QUEUE_PREFIX: `test-${chance}`,
    SLIPWAY_REGISTRY: `${registry}/builds`,
    SLIPWAY_REGISTRY_USERNAME: login.username,
    SLIPWAY_DATA_DIR: dataDir,
    SLIPWAY_CA_BUNDLE: "/etc/ssl/certs/ca-certificates.crt",
    SLIPWAY_UV: process.env["SLIPWAY_UV"] ?? uvPath,
    SLIPWAY_ACCESS: "on",
    SLIPWAY_PUBLIC_URL: "https://slipway.example",
    SLIPWAY_OIDC_ISSUER: "https://id.example",
    SLIPWAY_OIDC_CLIENT_ID: "slipway",
    SLIPWAY_RECONCILE_SECONDS: "0.5",
    SLIPWAY_RETRY_SECONDS: "1",
    SLIPWAY_PROOF: "off",
    UV_HTTP_RETRIES: "0",
    LOG_LEVEL: "trace",
  };
  const asVariables = { ...plain, ...Object.fromEntries(Object.keys(planted).map((name) => [name, valueFor(name)])) };
  const said: Place[] = [];

  /** API and worker with these settings, and what they, their answers and their builds say. */
  async function withService(
    name: string,
    settings: Record<string, string>,
    use: (service: Service) => Promise<void>,
  ): Promise<void> {
    const lines: string[] = [];
    const port = await freePort();
    const api = await startProgram("api", { ...settings, SLIPWAY_PORT: String(port) }, (line) => lines.push(line));
    const worker = await startProgram("worker", settings, (line) => lines.push(line));
    await Promise.all([api.line(/^listening$/, 120_000), worker.line(/worker ready/, 120_000)]);
    const call: Call = async (method, path, body) => {
      const json = body === undefined || typeof body === "string" ? {} : { "content-type": "application/json" };
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        headers: { authorization: `Bearer ${of("SLIPWAY_ADMIN_TOKEN")}`, ...json },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
        signal: AbortSignal.timeout(30_000),
      });
      const text = await answer.text();
      lines.push(`${answer.status} ${text}`);
      return text;
    };
    try {
      await use(serviceOf(call));
      await call("GET", "/readyz");
    } finally {
      await Promise.all([api.stop(8_000), worker.stop(8_000)]);
      said.push({ name: `what is said ${name}`, content: Buffer.from(lines.join("\n")) });
    }
  }

  it("shows nowhere, by neither builder, in no failure, given as variables or by files", async () => {
    const built: { repository: string; digest: string }[] = [];
    await withService("as variables", asVariables, async ({ build }) => {
      const assembled = await build("1.0.0", ["Unidecode"]);
      const wheeled = await build("1.1.0", ["plantedsdist"]);
      expect([assembled.status, assembled.builder?.name, assembled.error]).toEqual(["succeeded", "assembler", null]);
      expect([wheeled.status, wheeled.builder?.name, wheeled.error]).toEqual(["succeeded", "engine", null]);
      for (const { image } of [assembled, wheeled]) if (image !== null) built.push(image);
      // All of them were really asked, with their logins.
      expect(index.seen).toContain("GET /files/plantedsdist-1.0.tar.gz");
      expect(extra.seen.length * mirror.seen.length).toBeGreaterThan(0);
      expect(proxy.seen.some((line) => line.includes("/simple/plantedsdist/"))).toBe(true);
      expect(tlsProxy.seen.some((line) => line.startsWith("CONNECT pypi.org"))).toBe(true);

      for (const [at, status] of [401, 404, 500].entries()) {
        for (const one of [index, extra]) one.failWith(status);
        expect((await build(`2.${at}.0`, [`missing-${status}`])).status).toBe("failed");
      }
      for (const one of [index, extra]) one.failWith(null);
      mirror.failWith(500);
      expect((await build("4.0.0", [], ["libpcre2-posix3"])).error?.message).toContain("could not fetch");
      mirror.failWith(null);
      proxy.failWith(403);
      expect((await build("5.0.0", ["unheard-of"])).status).toBe("failed");
      proxy.failWith(null);
    });

    const folder = temporaryFolder();
    const isForeign = (name: string) => /^(?:AWS|AZURE)_/.test(name);
    const byFile = Object.keys(planted).filter((name) => !isForeign(name));
    for (const name of byFile) writeFileSync(join(folder, name), valueFor(name), { mode: 0o600 });
    writeFileSync(join(folder, "DATABASE_URL"), await withRole(otherUrl, `${user}_too`, of("DATABASE_URL")));
    const { accessKeyId, secretAccessKey } = inject("s3");
    const keys = `[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
    writeFileSync(join(folder, "aws"), keys, { mode: 0o600 });
    const byFiles = {
      ...plain,
      ...Object.fromEntries(byFile.map((name) => [`${name}_FILE`, join(folder, name)])),
      ...bucket.settings,
      AWS_SHARED_CREDENTIALS_FILE: join(folder, "aws"),
      SLIPWAY_BASE: `${registry}/no-base@sha256:${"1".repeat(64)}`,
      SLIPWAY_BASE_USERNAME: login.username,
    };
    await withService("by files", byFiles, async ({ build }) => {
      const { status, error } = await build("6.0.0", ["Unidecode"]);
      expect([status, error?.message]).toEqual(["failed", expect.stringContaining("no-base")]);
    });

    const authorization = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString("base64")}`;
    const images = await Promise.all(
      built.map(({ repository, digest }) => {
        const [host = "", ...path] = repository.split("/");
        return imagePlaces({ host, repository: path.join("/"), digest }, authorization);
      }),
    );
    const bases = (await docker("images", "--quiet", "slipway-build-base")).split("\n").filter((id) => id !== "");
    const places = [
      ...said,
      ...(await databasePlaces(administratorUrl)),
      ...(await databasePlaces(otherUrl)),
      ...images.flat(),
      ...folderPlaces(dataDir),
      { name: "the build base", content: Buffer.from(await docker("image", "inspect", ...bases)) },
      ...(await Promise.all(
        bases.map(async (id) => ({
          name: "its history",
          content: Buffer.from(await docker("history", "--no-trunc", id)),
        })),
      )),
    ];
    expect(whatShows({ canary }, places).length).toBeGreaterThan(3);
    expect(whatShows(planted, places)).toEqual([]);
    await expectNothingLeft(docker);
  }, 900_000);
});

/** Anybody may see it: what does not find it was not looked at. */
const canary = `canary-${chance}`;

type Call = (method: string, path: string, body?: unknown) => Promise<string>;

interface EndedBuild {
  status: string;
  builder: { name: string } | null;
  error: { message: string } | null;
  image: { repository: string; digest: string } | null;
}

interface Service {
  /** Seals a version, follows its build to the end, and reads all that is kept of it. */
  build(version: string, requirements: string[], systemPackages?: string[]): Promise<EndedBuild>;
}

function serviceOf(call: Call): Service {
  return {
    async build(version, requirements, systemPackages = []) {
      await call("POST", "/v1/models", { name: canary });
      await call("POST", `/v1/models/${canary}/versions`, { version });
      const files = {
        ...predictorPackage,
        "notes.txt": `${canary} ${version}`,
        "requirements.txt": `${requirements.join("\n")}\n`,
        ...(systemPackages.length === 0
          ? {}
          : { "slipway.yaml": `schema: 1\nsystem_packages: [${systemPackages.join(", ")}]\n` }),
      };
      const path = `/v1/models/${canary}/versions/${version}`;
      for (const [name, text] of Object.entries(files)) await call("PUT", `${path}/files/${name}`, text);
      const sealed = JSON.parse(await call("POST", `${path}/seal`)) as { build?: { id: string } };
      if (sealed.build === undefined) throw new Error(JSON.stringify(sealed));
      const { id } = sealed.build;
      const ended = await waitUntil(
        `the build of ${version} ends`,
        async () => {
          const build = JSON.parse(await call("GET", `/v1/builds/${id}`));
          return build.finishedAt === null ? null : (build as EndedBuild);
        },
        { withinMs: 400_000, everyMs: 500 },
      );
      for (const kept of ["log", "lock", "dockerfile"]) await call("GET", `/v1/builds/${id}/${kept}`);
      for (const kept of ["", "/package"]) await call("GET", `${path}${kept}`);
      return ended;
    },
  };
}
