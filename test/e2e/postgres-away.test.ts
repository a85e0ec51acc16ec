import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { migrate } from "#core/database/migrate.ts";
import { freePort } from "#standalone/free-port.ts";
import { openLedger } from "#standalone/ledger.ts";
import { startPostgres } from "#standalone/postgres.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";

describe("a Postgres that goes away", () => {
  const folder = temporaryFolder();
  const options = {
    folder: join(folder, "postgres"),
    password: randomBytes(16).toString("hex"),
    ledger: openLedger(join(folder, "processes.json")),
  };

  it("is answered with 503 in time, and the service comes back by itself", async () => {
    const port = await freePort();
    const first = await startPostgres({ ...options, port });
    await migrate(first.url);
    const { call } = await testService({ DATABASE_URL: first.url });
    expect((await call("POST", "/v1/models", { json: { name: "before" } })).status).toBe(201);

    // Silent rather than gone: it holds its connections and answers nothing.
    const silenced = [first.child.pid, ...childrenOf(first.child.pid)];
    for (const pid of silenced) process.kill(pid, "SIGSTOP");
    const silent = await Promise.all(Array.from({ length: 12 }, () => timed(() => call("GET", "/v1/models/before"))));
    for (const { answer, ms } of silent) expect([answer.status, ms < 12_000]).toEqual([503, true]);
    for (const pid of silenced) process.kill(pid, "SIGCONT");
    await waitUntil("the service is back", async () => (await call("GET", "/v1/models/before")).status === 200);

    first.child.kill();
    await first.child.exited;
    for (let tries = 0; tries < 5; tries += 1) {
      const started = Date.now();
      const read = await call("GET", "/v1/models/before");
      expect([read.status, read.json.type]).toEqual([503, "/problems/unavailable"]);
      const write = await call("POST", "/v1/models", { json: { name: `meanwhile-${tries}` } });
      expect(write.status).toBe(503);
      expect(Date.now() - started).toBeLessThan(4_000);
    }
    expect((await call("GET", "/readyz")).status).toBe(503);
    expect((await call("GET", "/healthz")).status).toBe(200);

    const second = await startPostgres({ ...options, port });
    await waitUntil("the service is back", async () => (await call("GET", "/v1/models/before")).status === 200);
    expect((await call("GET", "/readyz")).json.status).toBe("ok");
    await second.child.stop(5_000);
  });
});

function childrenOf(pid: number): number[] {
  return execFileSync("pgrep", ["-P", String(pid)], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map(Number);
}

async function timed<T>(ask: () => Promise<T>): Promise<{ answer: T; ms: number }> {
  const started = Date.now();
  return { answer: await ask(), ms: Date.now() - started };
}
