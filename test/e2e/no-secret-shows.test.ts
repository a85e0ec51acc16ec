import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { newToken } from "#core/access/token.ts";
import { openDatabase } from "#core/database/client.ts";
import { putSecret, readSecret } from "#core/secrets/stored-secrets.ts";
import type { Child } from "#standalone/child.ts";
import { freePort } from "#standalone/free-port.ts";
import { uvPath } from "#standalone/setup/uv.mjs";
import { databasePlaces, folderPlaces, imagePlaces, type Place, whatShows } from "#test/planted.ts";
import { withPassword, withRedisUser, withRole } from "#test/planted-logins.ts";
import { startProgram } from "#test/planted-service.ts";
import { predictorPackage } from "#test/sealed.ts";
import { tcpProxy } from "#test/tcp-proxy.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { testDatabase } from "#test/test-database.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";
import { login, passwordRegistry } from "../integration/images/guarded-registry.ts";

const chance = randomBytes(6).toString("hex");
/** With characters that are written otherwise in URLs, and long enough for a key. */
const plant = (name: string) => `plant/${name}+${randomBytes(16).toString("hex")}==`;

const secrets: Record<string, string> = {
  administrator: plant("admin"),
  key: plant("key"),
  "previous key": plant("previous"),
  "wrong key": plant("wrong-key"),
  "Postgres password": plant("postgres"),
  "wrong Postgres password": plant("wrong-postgres"),
  "Redis password": plant("redis"),
  "wrong Redis password": plant("wrong-redis"),
  "registry password": login.password,
  "wrong registry password": plant("wrong-registry"),
  "stored secret": plant("stored"),
  "token that was never made": newToken("token"),
  "setup code that was never made": newToken("setup"),
};
const of = (name: string): string => {
  const secret = secrets[name];
  if (secret === undefined) throw new Error(`there is no plant "${name}"`);
  return secret;
};
/** Anybody may see it, and it is put where secrets must not be: what does not find it was not looked at. */
const canary = `canary-${chance}`;

const outputs: Record<string, string[]> = {};
const answers: string[] = [];

it("finds each plant in each form, alone and as a part of something", () => {
  for (const [name, secret] of Object.entries(secrets)) {
    const texts = [
      secret,
      `postgres://planted:${encodeURIComponent(secret)}@host/db`,
      Buffer.from(secret).toString("hex"),
      ...["", "c", "ci", "ci:"].flatMap((before) => {
        const text = Buffer.from(`${before}${secret}:and more`);
        return [text.toString("base64"), text.toString("base64url")];
      }),
    ];
    for (const text of texts)
      expect([text, whatShows({ [name]: secret }, [{ name: "here", content: Buffer.from(`… ${text} …`) }])]).toEqual([
        text,
        [`${name} in here`],
      ]);
  }
  expect(whatShows(secrets, [{ name: "here", content: Buffer.from(canary) }])).toEqual([]);
});

describe("secrets, planted wherever one is held", async () => {
  const { url: administratorUrl } = await testDatabase();
  const planted = `planted_${chance}`;
  const databaseUrl = await withRole(administratorUrl, planted, of("Postgres password"));
  const redisUrl = await withRedisUser(planted, of("Redis password"));
  const registryHost = await passwordRegistry();
  const dataDir = temporaryFolder();
  const [postgres, redis] = [await tcpProxy(databaseUrl), await tcpProxy(redisUrl)];
  const config = { key: of("key"), previousKey: of("previous key") };
  const environment: Record<string, string> = {
    PATH: process.env["PATH"] ?? "",
    HOME: process.env["HOME"] ?? "",
    DATABASE_URL: postgres.urlOf(databaseUrl),
    REDIS_URL: redis.urlOf(redisUrl),
    SLIPWAY_QUEUE_PREFIX: `test-${chance}`,
    SLIPWAY_REGISTRY: `${registryHost}/${canary}`,
    SLIPWAY_REGISTRY_USERNAME: login.username,
    SLIPWAY_REGISTRY_PASSWORD: of("registry password"),
    SLIPWAY_DATA_DIR: dataDir,
    SLIPWAY_UV: process.env["SLIPWAY_UV"] ?? uvPath,
    SLIPWAY_ACCESS: "on",
    SLIPWAY_ADMIN_TOKEN: of("administrator"),
    SLIPWAY_SECRET_KEY: config.key,
    SLIPWAY_PREVIOUS_SECRET_KEY: config.previousKey,
    SLIPWAY_RECONCILE_SECONDS: "0.5",
    LOG_LEVEL: "trace",
  };

  it("show nowhere, whatever is done and whatever fails", async () => {
    const port = await freePort();
    const api = await start("api", "API", { ...environment, SLIPWAY_PORT: String(port) });
    const worker = await start("worker", "worker", environment);
    await Promise.all([api.line(/^listening$/, 60_000), worker.line(/worker ready/, 60_000)]);
    const call = caller(`http://127.0.0.1:${port}`);

    const db = openDatabase({ url: administratorUrl, poolSize: 2 });
    whenDone(() => db.$disconnect());
    await putSecret(db, config, { subject: `${canary}:password`, secret: of("stored secret") });
    expect(await readSecret(db, config, `${canary}:password`)).toBe(of("stored secret"));

    const asAdministrator = bearer(of("administrator"));
    const grants = [{ role: "administrator", pattern: "*" }];
    const made = await call("POST", "/v1/identities", asAdministrator, { name: canary, kind: "service", grants });
    expect(made.status).toBe(201);
    const tokens = `/v1/identities/${canary}/tokens`;
    const token = await tokenOf(call("POST", tokens, asAdministrator, { name: "in use" }, "shown once"));
    const keyed = { ...asAdministrator, "idempotency-key": `key-${chance}` };
    const keyedToken = await tokenOf(call("POST", tokens, keyed, { name: "asked for twice" }, "shown once"));
    const again = await call("POST", tokens, keyed, { name: "asked for twice" });
    expect(again.text).not.toContain(keyedToken);
    Object.assign(secrets, { "token in use": token, "token with an idempotency key": keyedToken });

    const build = await buildAnImage(call, bearer(token));
    for (const name of ["token in use", "administrator", "token that was never made", "setup code that was never made"])
      await misuse(call, of(name), bearer(token));

    redis.cut();
    await call("GET", "/readyz", {});
    await call("POST", "/v1/models", bearer(token), { name: `${canary}-without-redis` });
    redis.open();
    postgres.cut();
    expect((await call("GET", "/v1/models", bearer(token))).status).toBe(503);
    await call("GET", "/readyz", {});
    postgres.open();
    await waitUntil("it serves again", async () => (await call("GET", "/v1/models", bearer(token))).status === 200);
    await Promise.all([api.stop(8_000), worker.stop(8_000)]);
    await wrongStarts(environment);

    const { host, repository, digest } = build;
    const basic = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString("base64")}`;
    const places: Place[] = [
      ...Object.entries(outputs).map(([name, lines]) => ({
        name: `the output of ${name}`,
        content: Buffer.from(lines.join("\n")),
      })),
      { name: "the answers", content: Buffer.from(answers.join("\n")) },
      { name: "the build log", content: Buffer.from(build.log) },
      ...(await databasePlaces(administratorUrl)),
      ...(await imagePlaces({ host, repository, digest }, basic)),
      ...folderPlaces(dataDir),
    ];
    expectLookedAt(places);
    const row = await db.secret.findUniqueOrThrow({ where: { subject: `${canary}:password` } });
    const secretRows = places.find(({ name }) => name === "the table secrets");
    expect(secretRows?.content.includes(Buffer.from(row.sealed).toString("hex"))).toBe(true); // bytes are looked at too
    expect(whatShows(secrets, places)).toEqual([]);
  });
});

/** A plant that is missing proves nothing of a place that is empty. */
function expectLookedAt(places: readonly Place[]): void {
  const seen = whatShows({ canary }, places).join("\n");
  for (const name of [
    "the output of API",
    "the output of worker",
    "the answers",
    "the build log",
    "the table models",
    "the table audit",
    "the table secrets",
    "the table identities",
    "the image's config",
    "the image's layer",
    "artifacts/",
  ])
    expect(seen).toContain(name);
}

type Call = (
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: unknown,
  shownOnce?: "shown once",
) => Promise<{ status: number; text: string }>;

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

function caller(origin: string): Call {
  return async (method, path, headers, body, shownOnce) => {
    const json = body === undefined || typeof body === "string" ? {} : { "content-type": "application/json" };
    const answer = await fetch(`${origin}${path}`, {
      method,
      headers: { ...json, ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await answer.text();
    if (shownOnce === undefined) answers.push(`${answer.status} ${JSON.stringify([...answer.headers])} ${text}`);
    return { status: answer.status, text };
  };
}

async function tokenOf(answer: ReturnType<Call>): Promise<string> {
  const { status, text } = await answer;
  expect(status).toBe(201);
  return (JSON.parse(text) as { token: string }).token;
}

/** A secret where people and programs put one by mistake. What comes back is only looked through. */
async function misuse(call: Call, secret: string, right: Record<string, string>): Promise<void> {
  const inUrl = encodeURIComponent(secret);
  await call("GET", "/v1/models", bearer(`${secret}x`));
  await call("GET", "/v1/models", bearer(secret));
  for (const headers of [
    { authorization: secret },
    { authorization: `Basic ${Buffer.from(`admin:${secret}`).toString("base64")}` },
    { cookie: `token=${secret}` },
    { "x-api-key": secret },
    { ...right, "x-request-id": secret },
    { ...right, "if-none-match": secret },
    { ...right, "x-forwarded-for": secret },
  ])
    await call("GET", "/v1/models", headers);
  for (const headers of [right, {}])
    for (const path of [
      `/v1/models?token=${inUrl}`,
      `/v1/models?cursor=${inUrl}`,
      `/v1/models?label=${inUrl}`,
      `/v1/models/${inUrl}`,
      `/v1/models/${canary}/versions/${inUrl}`,
      `/v1/models/${canary}/tags/${inUrl}`,
      `/v1/builds/${inUrl}`,
      `/v1/${inUrl}`,
      `/${inUrl}?access_token=${inUrl}`,
      `/problems/${inUrl}`,
    ])
      await call("GET", path, headers);
  for (const body of [{ name: secret }, { name: canary, token: secret }, { [secret]: 1 }, `{"name": ${secret}`])
    await call("POST", "/v1/models", { "content-type": "application/json", ...right }, body);
  await call("POST", "/v1/models", { ...right, "idempotency-key": secret }, { name: `${canary}-keyed` });
  await call("POST", "/v1/setup", bearer(secret), { name: "somebody" });
}

async function buildAnImage(call: Call, headers: Record<string, string>) {
  expect((await call("POST", "/v1/models", headers, { name: canary })).status).toBe(201);
  const version = `/v1/models/${canary}/versions/1.0.0`;
  await call("POST", `/v1/models/${canary}/versions`, headers, { version: "1.0.0", metadata: { canary } });
  for (const [path, text] of Object.entries({ ...predictorPackage, "notes.txt": canary }))
    expect((await call("PUT", `${version}/files/${path}`, headers, text)).status).toBe(201);
  const sealed = await call("POST", `${version}/seal`, { ...headers, "x-request-id": canary });
  expect([sealed.status, sealed.text]).toEqual([202, sealed.text]);
  const { id } = (JSON.parse(sealed.text) as { build: { id: string } }).build;
  const finished = await waitUntil(
    "the image is built",
    async () => {
      const build = JSON.parse((await call("GET", `/v1/builds/${id}`, headers)).text);
      return build.finishedAt === null ? null : build;
    },
    { withinMs: 180_000, everyMs: 500 },
  );
  expect([finished.status, finished.error]).toEqual(["succeeded", null]);
  const { text: log } = await call("GET", `/v1/builds/${id}/log`, headers);
  const { repository, digest } = finished.image as { repository: string; digest: string };
  const [host = "", ...path] = repository.split("/");
  return { log, host, repository: path.join("/"), digest };
}

/** Seals a version where there is none yet, and looks whether its build speaks of the login. */
async function loginRefused(call: Call, headers: Record<string, string>): Promise<boolean> {
  const version = `/v1/models/${canary}/versions/2.0.0`;
  if ((await call("GET", version, headers)).status === 404) {
    await call("POST", `/v1/models/${canary}/versions`, headers, { version: "2.0.0" });
    for (const [path, text] of Object.entries(predictorPackage))
      await call("PUT", `${version}/files/${path}`, headers, `# again\n${text}`);
    await call("POST", `${version}/seal`, headers);
  }
  const { build } = JSON.parse((await call("GET", version, headers)).text);
  if (build === null) return false;
  const { text: log } = await call("GET", `/v1/builds/${build.id}/log`, headers);
  return /refuse|login|401/i.test(log);
}

/** Each ends by itself or is ended after it has failed for a while, and has said of what. */
async function wrongStarts(environment: Record<string, string>): Promise<void> {
  const { DATABASE_URL = "", REDIS_URL = "" } = environment;
  const wrong: Record<string, { settings: Record<string, string>; says: Record<string, RegExp> }> = {
    "a wrong key": {
      settings: { SLIPWAY_SECRET_KEY: of("wrong key"), SLIPWAY_PREVIOUS_SECRET_KEY: "" },
      says: { worker: /SLIPWAY_SECRET_KEY is not the key of this database/ },
    },
    "a URL of another kind": {
      settings: { DATABASE_URL: DATABASE_URL.replace(/^\w+:/, "mysql:"), REDIS_URL: `x${REDIS_URL}` },
      says: { API: /DATABASE_URL is not a URL of the form/ },
    },
    "a wrong Postgres password": {
      settings: { DATABASE_URL: withPassword(DATABASE_URL, of("wrong Postgres password")) },
      says: { API: /password authentication failed/i },
    },
    "a wrong Redis password": {
      settings: { REDIS_URL: withPassword(REDIS_URL, of("wrong Redis password")) },
      says: { worker: /WRONGPASS/ },
    },
    "a wrong registry password": {
      settings: { SLIPWAY_REGISTRY_PASSWORD: of("wrong registry password") },
      says: {},
    },
  };
  for (const [name, { settings, says }] of Object.entries(wrong)) {
    const port = await freePort();
    const all = { ...environment, SLIPWAY_PORT: String(port), ...settings };
    const [api, worker] = await Promise.all([
      start("api", `API, ${name}`, all),
      start("worker", `worker, ${name}`, all),
    ]);
    const ended = api.exited.then(() => true);
    await Promise.race([ended, api.line(/^listening$/, 60_000).catch(() => {})]);
    const call = caller(`http://127.0.0.1:${port}`);
    if (settings["SLIPWAY_REGISTRY_PASSWORD"] !== undefined)
      await waitUntil("the build says what the registry said", () => loginRefused(call, bearer(of("administrator"))), {
        withinMs: 120_000,
      });
    for (const path of ["/readyz", "/v1/models"])
      await call("GET", path, bearer(of("administrator"))).catch((error) => answers.push(String(error)));
    for (const [program, words] of Object.entries(says))
      await waitUntil(`${program}, ${name}, says so`, async () =>
        outputs[`${program}, ${name}`]?.some((line) => words.test(line)),
      );
    await Promise.all([api.stop(8_000), worker.stop(8_000)]);
  }
  for (const program of ["migrate", "rotate-secrets"] as const) {
    const settings = { DATABASE_URL: withPassword(DATABASE_URL, of("wrong Postgres password")) };
    await (await start(program, `${program}, a wrong Postgres password`, { ...environment, ...settings })).exited;
  }
}

async function start(
  name: "api" | "worker" | "migrate" | "rotate-secrets",
  output: string,
  env: Record<string, string>,
): Promise<Child> {
  const lines: string[] = [];
  outputs[output] = lines;
  return startProgram(name, env, (line) => lines.push(line));
}
