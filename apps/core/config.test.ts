import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ConfigError, type Environment, readConfig } from "./config.ts";

const needed = {
  DATABASE_URL: "postgres://slipway:secret@db/slipway",
  REDIS_URL: "redis://queue",
  SLIPWAY_REGISTRY: "registry.example:5000/team/models/",
};

describe("settings", () => {
  it("have a default wherever there can be one", () => {
    expect(readConfig(needed)).toMatchObject({
      http: { host: "127.0.0.1", port: 7070 },
      registry: { host: "registry.example:5000", prefix: "team/models", credentials: null },
      base: { from: "debian", suite: "bookworm" },
      work: { leaseMs: 15_000, retryForMs: 3_600_000, lostLeasesLimit: 20 },
      logLevel: "info",
    });
  });

  it("say all that is wrong at once, and never repeat a secret", () => {
    const problems = problemsOf({
      DATABASE_URL: "mysql://user:hunter2@db/x",
      SLIPWAY_HOST: "0.0.0.0",
      SLIPWAY_PORT: "70700",
      SLIPWAY_ACCESS: "on",
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

  it("take a base from a registry only by its digest", () => {
    const reference = `registry.example/python@sha256:${"a".repeat(64)}`;
    expect(readConfig({ ...needed, SLIPWAY_BASE: reference }).base).toEqual({ from: "image", reference });
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
