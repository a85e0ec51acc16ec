import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { makeApp } from "#api/app.ts";
import { makeLogger } from "#core/logger.ts";
import { testService } from "#test/test-service.ts";

const service = await testService();
const { call } = service;

describe("health", () => {
  it("names each part", async () => {
    const { status, json } = await call("GET", "/readyz");
    expect(status).toBe(200);
    expect(json.status).toBe("ok");
    expect(json.parts.map((part: { name: string }) => part.name)).toEqual([
      "database",
      "artifacts",
      "queue",
      "registry",
    ]);
    expect((await call("GET", "/healthz")).json).toEqual({ status: "ok" });
  });

  it("is degraded without queue and registry, and writes succeed all the same", async () => {
    const lonely = await testService({ REDIS_URL: "redis://127.0.0.1:1", SLIPWAY_REGISTRY: "127.0.0.1:1" });
    const { status, json } = await lonely.call("GET", "/readyz");
    expect([status, json.status]).toEqual([200, "degraded"]);
    expect(
      json.parts
        .filter((part: { status: string }) => part.status === "down")
        .map((part: { name: string }) => part.name),
    ).toEqual(["queue", "registry"]);
    expect((await lonely.call("POST", "/v1/models", { json: { name: "kept" } })).status).toBe(201);
  });

  it("is unavailable while the newest migration is not applied", async () => {
    const behind = await testService();
    const newest = await behind.registry.db.$executeRaw`
      DELETE FROM _prisma_migrations WHERE migration_name = (SELECT max(migration_name) FROM _prisma_migrations)`;
    expect(newest).toBe(1);
    const database = { name: "database", status: "down", message: "is not migrated: run prisma/migrate.ts" };
    const { status, json } = await behind.call("GET", "/readyz");
    expect([status, json.status, json.parts[0]]).toEqual([503, "unavailable", database]);
    await behind.registry.db.$executeRaw`DROP TABLE _prisma_migrations`;
    expect((await behind.call("GET", "/readyz")).json.parts[0]).toEqual(database);
  });

  it("logs which part is away, and itself only once", async () => {
    const lines = new PassThrough();
    const log = makeLogger({ level: "warn", part: "api", destination: lines });
    const lonely = await testService({ REDIS_URL: "redis://127.0.0.1:1" });
    const app = await makeApp({ ...lonely.registry, log });
    await app.inject({ method: "GET", url: "/readyz", headers: { host: "localhost" } });
    await app.close();
    lines.end();
    const line = (await text(lines)).split("\n").find((line) => line.includes("does not answer"));
    expect(line?.match(/"part":/g)).toHaveLength(1);
    expect(JSON.parse(line ?? "{}")).toMatchObject({ part: "api", name: "queue" });
  });

  it("is unavailable without the database, with answers within two seconds", async () => {
    const cut = await testService({ DATABASE_URL: "postgres://nobody@127.0.0.1:1/none" });
    const started = Date.now();
    const ready = await cut.call("GET", "/readyz");
    expect([ready.status, ready.json.status]).toEqual([503, "unavailable"]);
    const read = await cut.call("GET", "/v1/models/any");
    expect([read.status, read.json.type]).toEqual([503, "/problems/unavailable"]);
    expect(Date.now() - started).toBeLessThan(4_000);
    expect((await cut.call("GET", "/healthz")).status).toBe(200);
  });
});
