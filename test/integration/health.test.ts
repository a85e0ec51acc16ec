import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { makeApp } from "#api/app.ts";
import { makeLogger } from "#core/logger.ts";
import { tcpProxy } from "#test/tcp-proxy.ts";
import { testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";
import { faultyProxy } from "./images/faulty-proxy.ts";

const service = await testService();
const { call } = service;

interface Part {
  name: string;
  status: string;
  message: string | null;
  since: string | null;
}

const downIn = (parts: Part[]) => parts.filter(({ status }) => status === "down").map(({ name }) => name);

describe("health", () => {
  it("names each part", async () => {
    // A part that has not answered within its second shows as down, until it is asked again.
    const read = async () => {
      const { status, json } = await call("GET", "/readyz");
      return [status, json.status, json.parts.map(({ name, status }: Part) => [name, status])];
    };
    const parts = [
      ["database", "ok"],
      ["artifacts", "ok"],
      ["queue", "ok"],
      ["registry", "ok"],
      ["space", "ok"],
      ["workers", "down"],
    ];
    await expect.poll(read).toEqual([200, "degraded", parts]); // no worker runs here
    expect((await call("GET", "/healthz")).json).toEqual({ status: "ok" });
  });

  it("is degraded without queue and registry, and writes succeed all the same", async () => {
    const lonely = await testService({ REDIS_URL: "redis://127.0.0.1:1", SLIPWAY_REGISTRY: "127.0.0.1:1" });
    const read = async () => {
      const { status, json } = await lonely.call("GET", "/readyz");
      return [status, json.status, downIn(json.parts)];
    };
    await expect.poll(read).toEqual([200, "degraded", ["queue", "registry", "workers"]]);
    expect((await lonely.call("POST", "/v1/models", { json: { name: "kept" } })).status).toBe(201);
  });

  it("is unavailable while the newest migration is not applied", async () => {
    const behind = await testService();
    const newest = await behind.registry.db.$executeRaw`
      DELETE FROM _prisma_migrations WHERE migration_name = (SELECT max(migration_name) FROM _prisma_migrations)`;
    expect(newest).toBe(1);
    const database = { name: "database", status: "down", message: "is not migrated: run prisma/migrate.ts" };
    const { status, json } = await behind.call("GET", "/readyz");
    expect([status, json.status]).toEqual([503, "unavailable"]);
    expect(json.parts[0]).toMatchObject(database);
    expect(json.parts.at(-1)).toMatchObject({ name: "workers", status: "unknown", since: null });
    await behind.registry.db.$executeRaw`DROP TABLE _prisma_migrations`;
    await sleep(600); // an answer serves for half a second
    expect((await behind.call("GET", "/readyz")).json.parts[0]).toMatchObject(database);
  });

  it("says since when a part is down, however often it is asked, and that it is back", async () => {
    const proxy = await tcpProxy(service.registry.config.queue.url);
    const { call: ask } = await testService({ REDIS_URL: proxy.urlOf(service.registry.config.queue.url) });
    const queue = async (): Promise<Part> => (await ask("GET", "/readyz")).json.parts[2];
    await expect.poll(queue).toEqual({ name: "queue", status: "ok", message: null, since: null });
    const cutAt = Date.now();
    proxy.cut();
    const down = await waitUntil("it is down", async () => {
      const part = await queue();
      return part.status === "down" && part.since !== null ? part.since : null;
    });
    expect(Date.parse(down)).toBeGreaterThanOrEqual(cutAt);
    await sleep(1_200);
    expect((await queue()).since).toBe(down);
    proxy.open();
    await waitUntil("it is back", async () => (await queue()).since === null);
  });

  it("does not stay without a queue whose connection is half open", async () => {
    const proxy = await tcpProxy(service.registry.config.queue.url);
    const { call: ask } = await testService({ REDIS_URL: proxy.urlOf(service.registry.config.queue.url) });
    const queue = async (): Promise<Part> => (await ask("GET", "/readyz")).json.parts[2];
    await waitUntil("it is there", async () => (await queue()).status === "ok");
    proxy.freeze();
    await waitUntil("it is down", async () => (await queue()).status === "down");
    await waitUntil("it is back", async () => (await queue()).status === "ok");
  });

  it("asks each part once, however many ask for it at once", async () => {
    const proxy = await faultyProxy(service.registry.config.registry.host, () => false);
    const { call: ask } = await testService({ SLIPWAY_REGISTRY: proxy.host });
    const begunAt = Date.now();
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask("GET", "/readyz")));
    // An answer serves for half a second.
    const most = 1 + Math.floor((Date.now() - begunAt) / 500);
    expect(new Set(answers.map(({ json }) => JSON.stringify(json))).size).toBeLessThanOrEqual(most);
    expect(new Set(proxy.seen)).toEqual(new Set(["GET /v2/"]));
    expect(proxy.seen.length).toBeLessThanOrEqual(most);
  });

  it("logs which part is away, and itself only once", async () => {
    const lines = new PassThrough();
    const log = makeLogger({ level: "warn", part: "api", destination: lines });
    const lonely = await testService({ REDIS_URL: "redis://127.0.0.1:1" });
    const app = await makeApp({ ...lonely.registry, log });
    await app.inject({ method: "GET", url: "/readyz", headers: { host: "localhost" } });
    await app.close();
    lines.end();
    const down = (await text(lines)).split("\n").filter((line) => line.includes("a part is down"));
    const line = down.find((line) => line.includes('"name":"queue"'));
    expect(line?.match(/"part":/g)).toHaveLength(1);
    expect(JSON.parse(line ?? "{}")).toMatchObject({ part: "api", name: "queue" });
  });

  it("is unavailable without the database, and answers soon", async () => {
    const cut = await testService({ DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" });
    const started = Date.now();
    const ready = await cut.call("GET", "/readyz");
    expect([ready.status, ready.json.status]).toEqual([503, "unavailable"]);
    const read = await cut.call("GET", "/v1/models/any");
    expect([read.status, read.json.type]).toEqual([503, "/problems/unavailable"]);
    expect(Date.now() - started).toBeLessThan(20_000);
    expect((await cut.call("GET", "/healthz")).status).toBe(200);
  });
});
