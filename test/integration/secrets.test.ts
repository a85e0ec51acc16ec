import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { Client } from "pg";
import { describe, expect, inject, it } from "vitest";
import type { SecretsConfig } from "#core/config.ts";
import type { Database } from "#core/database/client.ts";
import { CannotDecrypt, masterKey } from "#core/secrets/envelope.ts";
import { putSecret, readSecret, removeSecret } from "#core/secrets/stored-secrets.ts";
import { type Child, startChild } from "#standalone/child.ts";
import { freePort } from "#standalone/free-port.ts";
import { openLedger } from "#standalone/ledger.ts";
import { programPath } from "#standalone/setup/service-programs.mjs";
import { tcpProxy } from "#test/tcp-proxy.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { testDatabase } from "#test/test-database.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";

const newKey = () => randomBytes(24).toString("base64url");
const [first, second, third] = [newKey(), newKey(), newKey()];
const idOf = (key: string) => masterKey(key).id;
const under = (key: string | null, previousKey: string | null = null): SecretsConfig => ({ key, previousKey });

type Program = "api" | "worker" | "rotate-secrets";

/** A process of the service on this database; killed, if it still runs, with the test. */
async function start(name: Program, databaseUrl: string, settings: Record<string, string>): Promise<Child> {
  const folder = temporaryFolder();
  const environment = {
    PATH: process.env["PATH"],
    DATABASE_URL: databaseUrl,
    REDIS_URL: inject("parts").redisUrl,
    SLIPWAY_QUEUE_PREFIX: `test-${randomBytes(6).toString("hex")}`,
    SLIPWAY_REGISTRY: inject("parts").registryHost,
    SLIPWAY_DATA_DIR: folder,
    SLIPWAY_PORT: String(await freePort()),
    ...settings,
  };
  const child = await startChild(
    {
      name,
      command: process.execPath,
      args: [programPath(name)],
      env: environment,
      stopSignal: "SIGTERM",
      sends: name === "api",
    },
    { ledger: openLedger(join(folder, "processes.json")) },
  );
  whenDone(() => child.stop(0));
  return child;
}

async function endOf(child: Child): Promise<{ code: number | null; output: string }> {
  const { code } = await child.exited;
  await waitUntil("its output is read", async () => child.lastLines().length > 0);
  return { code, output: child.lastLines().join("\n") };
}

const isUp = { api: /^listening$/, worker: /worker ready/ };

async function keyIds(db: Database): Promise<string[]> {
  const groups = await db.secret.groupBy({ by: ["keyId"], orderBy: { keyId: "asc" } });
  return groups.map(({ keyId }) => keyId);
}

async function storeMany(db: Database, count: number): Promise<Map<string, string>> {
  const secrets = new Map<string, string>();
  for (let index = 0; index < count; index += 1) secrets.set(`test:${index}`, `secret ${index}`);
  for (const [subject, secret] of secrets) await putSecret(db, under(first), { subject, secret });
  return secrets;
}

describe("a stored secret", () => {
  it("is read as it was stored last, and is gone when it is removed", async () => {
    const { db } = await testDatabase();
    await putSecret(db, under(first), { subject: "registry:main/password", secret: "hunter2" });
    await putSecret(db, under(first), { subject: "registry:main/password", secret: "hünter3" });
    expect(await readSecret(db, under(first), "registry:main/password")).toBe("hünter3");
    expect(await db.secret.count()).toBe(1);
    await removeSecret(db, "registry:main/password");
    await removeSecret(db, "registry:main/password");
    expect(await readSecret(db, under(first), "registry:main/password")).toBeNull();
  });

  it("comes and goes with the transaction that it was stored in", async () => {
    const { db } = await testDatabase();
    const failing = db.$transaction(async (tx) => {
      await putSecret(tx, under(first), { subject: "a", secret: "b" });
      throw new Error("and the rest fails");
    });
    await expect(failing).rejects.toThrow("and the rest fails");
    expect(await db.secret.count()).toBe(0);
  });

  it("is refused where no key is set, and the refusal names the setting", async () => {
    const { db } = await testDatabase();
    await expect(putSecret(db, under(null), { subject: "a", secret: "b" })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("SLIPWAY_SECRET_KEY"),
    });
    expect(await db.secret.count()).toBe(0);
  });

  it("does not open in another row, with another key, or with changed bytes", async () => {
    const { db } = await testDatabase();
    await putSecret(db, under(first), { subject: "mine", secret: "hunter2" });
    await expect(readSecret(db, under(second), "mine")).rejects.toThrow(CannotDecrypt);
    const row = await db.secret.findUniqueOrThrow({ where: { subject: "mine" } });
    await db.secret.create({ data: { ...row, subject: "another's" } });
    await expect(readSecret(db, under(first), "another's")).rejects.toThrow(CannotDecrypt);
    await db.$executeRaw`UPDATE secrets SET sealed = set_byte(sealed, 30, get_byte(sealed, 30) # 1) WHERE subject = 'mine'`;
    await expect(readSecret(db, under(first), "mine")).rejects.toThrow(CannotDecrypt);
  });
});

describe.each(["api", "worker"] as const)("the %s at its start", (name) => {
  it("ends with code 1 and names both ids where its key is not the database's", async () => {
    const { db, url } = await testDatabase();
    const right = await start(name, url, { SLIPWAY_SECRET_KEY: first });
    await right.line(isUp[name], 60_000);
    expect(await keyIds(db)).toEqual([idOf(first)]);
    const { code, output } = await endOf(await start(name, url, { SLIPWAY_SECRET_KEY: second }));
    expect([code, output.split("\n").length]).toEqual([1, 1]);
    expect(output).toContain("SLIPWAY_SECRET_KEY is not the key of this database");
    expect(output).toContain(`the id ${idOf(first)}, and the one given has the id ${idOf(second)}`);
    for (const key of [first, second]) expect(output).not.toContain(key);
    expect(await keyIds(db)).toEqual([idOf(first)]);
  });

  it("ends with code 1 where secrets are stored and it has no key", async () => {
    const { db, url } = await testDatabase();
    await putSecret(db, under(first), { subject: "a", secret: "b" });
    const { code, output } = await endOf(await start(name, url, {}));
    expect(code).toBe(1);
    expect(output).toContain(`SLIPWAY_SECRET_KEY is not set`);
    expect(output).toContain(idOf(first));
  });

  it("comes up with Postgres away, and ends when Postgres answers and wants another key", async () => {
    const { db, url } = await testDatabase();
    await putSecret(db, under(first), { subject: "a", secret: "b" });
    const proxy = await tcpProxy(url);
    proxy.cut();
    const [wrong, right] = await Promise.all(
      [second, first].map((key) => start(name, proxy.urlOf(url), { SLIPWAY_SECRET_KEY: key })),
    );
    if (wrong === undefined || right === undefined) throw new Error("two were started");
    await Promise.all([wrong.line(isUp[name], 60_000), right.line(isUp[name], 60_000)]);
    proxy.open();
    const { code, output } = await endOf(wrong);
    expect(code).toBe(1);
    expect(output).toContain("SLIPWAY_SECRET_KEY is not the key of this database");
    await waitUntil("the other has checked its key", async () => (await db.secret.count()) === 2);
    right.stop(60_000);
    expect(await right.exited).toEqual({ code: 0, signal: null });
  });
});

it("two processes that start at once on an empty database agree on its key", async () => {
  const { db, url } = await testDatabase();
  const settings = { SLIPWAY_SECRET_KEY: first };
  const both = await Promise.all([start("api", url, settings), start("worker", url, settings)]);
  await Promise.all([both[0].line(isUp.api, 60_000), both[1].line(isUp.worker, 60_000)]);
  expect(await db.secret.count()).toBe(1);
});

describe("npm run rotate-secrets", () => {
  const rotate = (url: string, key: string, previousKey?: string) =>
    start("rotate-secrets", url, {
      SLIPWAY_SECRET_KEY: key,
      ...(previousKey === undefined ? {} : { SLIPWAY_PREVIOUS_SECRET_KEY: previousKey }),
    });

  it("is killed in the middle, and ends what it began when it is run again, while secrets are read", async () => {
    const { db, url } = await testDatabase();
    const secrets = await storeMany(db, 2_000);
    // It does not get to the last.
    const holder = new Client({ connectionString: url });
    await holder.connect();
    await holder.query("BEGIN");
    await holder.query("SELECT FROM secrets WHERE subject = 'test:999' FOR UPDATE");
    const killed = await rotate(url, second, first);
    await killed.line(/^\d+ secrets rotated$/, 60_000);
    killed.kill();
    await killed.exited;
    await holder.end();
    const moved = await db.secret.count({ where: { keyId: idOf(second) } });
    expect(moved).toBeGreaterThan(0);
    expect(moved).toBeLessThan(secrets.size);
    for (const [subject, secret] of secrets) expect(await readSecret(db, under(second, first), subject)).toBe(secret);

    const again = await rotate(url, second, first);
    let [reading, reads] = [true, 0];
    const reader = (async () => {
      for (; reading; reads += 1) {
        const subject = `test:${Math.floor(Math.random() * secrets.size)}`;
        expect(await readSecret(db, under(second, first), subject)).toBe(secrets.get(subject));
      }
    })();
    const { code, output } = await endOf(again);
    reading = false;
    await reader;
    expect([code, reads > 0]).toEqual([0, true]);
    expect(output).toContain(
      `all secrets are under the key with the id ${idOf(second)} (${secrets.size - moved} rotated now)`,
    );
    expect(await keyIds(db)).toEqual([idOf(second)]);
    for (const [subject, secret] of secrets) expect(await readSecret(db, under(second), subject)).toBe(secret);
    await expect(readSecret(db, under(first), "test:0")).rejects.toThrow(CannotDecrypt);
    expect(await endOf(await rotate(url, second))).toMatchObject({ code: 0 });
  });

  it("changes nothing with the wrong old key, and says which one is wanted", async () => {
    const { db, url } = await testDatabase();
    await storeMany(db, 3);
    const before = await db.secret.findMany({ orderBy: { subject: "asc" } });
    for (const old of [third, undefined]) {
      const { code, output } = await endOf(await rotate(url, second, old));
      expect(code).toBe(1);
      expect(output).toContain(`3 are still under the key with the id ${idOf(first)}`);
      expect(output).toContain("SLIPWAY_PREVIOUS_SECRET_KEY");
    }
    expect(await db.secret.findMany({ orderBy: { subject: "asc" } })).toEqual(before);
    const { code, output } = await endOf(await start("rotate-secrets", url, {}));
    expect([code, output.includes("SLIPWAY_SECRET_KEY is not set")]).toEqual([2, true]);
  });

  it("names a secret whose bytes were changed, rotates the others, and does not claim success", async () => {
    const { db, url } = await testDatabase();
    await storeMany(db, 250);
    await db.$executeRaw`
      UPDATE secrets SET wrapped_key = set_byte(wrapped_key, 30, get_byte(wrapped_key, 30) # 1)
      WHERE subject = 'test:100'`;
    const row = await db.secret.findUniqueOrThrow({ where: { subject: "test:7" } });
    await db.secret.create({ data: { ...row, subject: "test:moved" } });
    const { code, output } = await endOf(await rotate(url, second, first));
    expect(code).toBe(1);
    expect(output).toContain("2 do not open, since their bytes were changed: test:100, test:moved");
    const left = await db.secret.findMany({ where: { keyId: idOf(first) }, orderBy: { subject: "asc" } });
    expect(left.map(({ subject }) => subject)).toEqual(["test:100", "test:moved"]);
    expect(await readSecret(db, under(second), "test:7")).toBe("secret 7");
  });
});
