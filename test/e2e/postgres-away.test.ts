import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { describe, expect, it } from "vitest";
import { migrate } from "#core/database/migrate.ts";
import { freePort } from "#standalone/free-port.ts";
import { openLedger } from "#standalone/ledger.ts";
import { startPostgres } from "#standalone/postgres.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { type Answer, testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";

describe("a Postgres that goes away", () => {
  const folder = temporaryFolder();
  const options = {
    password: randomBytes(16).toString("hex"),
    ledger: openLedger(join(folder, "processes.json")),
  };

  it("is answered with 503 in time, and the service comes back by itself", async () => {
    const port = await freePort();
    const first = await startPostgres({ ...options, folder: join(folder, "postgres"), port });
    whenDone(() => first.child.kill());
    await migrate(first.url);
    const { call } = await testService({ DATABASE_URL: first.url });
    expect((await call("POST", "/v1/models", { json: { name: "before" } })).status).toBe(201);

    // Silent rather than gone: it holds its connections and answers nothing.
    const silenced = [first.child.pid, ...childrenOf(first.child.pid)];
    for (const pid of silenced) process.kill(pid, "SIGSTOP");
    whenDone(() => wake(silenced));
    const requests = Array.from({ length: 12 }, (_, index) => [
      timed(() => call("GET", "/v1/models/before")),
      timed(() => call("POST", "/v1/models", { json: { name: `silent-${index}` } })),
      timed(() => call("PATCH", "/v1/models/before", { json: { title: `silent ${index}` } })),
    ]);
    // More of them than the pool has places, and more again when the pool is empty.
    const late = sleep(1_200).then(() =>
      Promise.all(Array.from({ length: 24 }, () => timed(() => call("GET", "/v1/models/before")))),
    );
    const answers = [...(await Promise.all(requests.flat())), ...(await late)];
    for (const { answer, ranMs } of answers) expect([answer.status, answer.json.type]).toEqual([503, away(ranMs)]);
    const ready = await timed(() => call("GET", "/readyz"));
    expect([ready.answer.status, ready.ranMs < inTimeMs]).toEqual([503, true]);
    expect(partsOf(ready.answer)).toMatchObject({ database: "down", workers: "unknown" });
    wake(silenced);
    await waitUntil("the service is back", async () => (await call("GET", "/v1/models/before")).status === 200);

    first.child.kill();
    await first.child.exited;
    for (let tries = 0; tries < 5; tries += 1) {
      const read = await timed(() => call("GET", "/v1/models/before"));
      expect([read.answer.status, read.answer.json.type]).toEqual([503, away(read.ranMs)]);
      const write = await timed(() => call("POST", "/v1/models", { json: { name: `meanwhile-${tries}` } }));
      expect([write.answer.status, write.ranMs < inTimeMs]).toEqual([503, true]);
    }
    expect((await call("GET", "/readyz")).status).toBe(503);
    expect((await call("GET", "/healthz")).status).toBe(200);

    const second = await startPostgres({ ...options, folder: join(folder, "postgres"), port });
    whenDone(() => second.child.kill());
    await waitUntil("the service is back", async () => (await call("GET", "/v1/models/before")).status === 200);
    await waitUntil("its readiness is back", async () => partsOf(await call("GET", "/readyz"))["database"] === "ok");
    await second.child.stop(5_000);
  });

  it("is not taken for one that is slow: who waits for a lock gets it", async () => {
    const { call, registry } = await testService();
    expect((await call("POST", "/v1/models", { json: { name: "busy" } })).status).toBe(201);
    const holder = new Client({ connectionString: registry.config.database.url });
    await holder.connect();
    const whileHeld = async () => {
      await holder.query("BEGIN; SELECT 1 FROM models FOR UPDATE");
      const startedAt = Date.now();
      const waiting = Array.from({ length: 5 }, (_, index) =>
        timed(() => call("PATCH", "/v1/models/busy", { json: { title: `title ${index}` } })),
      );
      await sleep(2_500);
      await holder.query("COMMIT");
      return { heldMs: Date.now() - startedAt, answers: await Promise.all(waiting) };
    };
    let held = await whileHeld();
    // A lock is waited for 4 s: where the machine stood still for so long nothing was seen.
    while (held.heldMs > 3_500) held = await whileHeld();
    await holder.end();
    for (const { answer, ms } of held.answers) expect([answer.status, ms > 2_000]).toEqual([200, true]);
  });
});

/** A server that has gone silent is noticed after 1.6 s; each other limit is longer than this. */
const inTimeMs = 4_000;

/** The problem's type where the answer came in time; otherwise how late it was. */
const away = (ranMs: number) => (ranMs < inTimeMs ? "/problems/unavailable" : `an answer after ${ranMs} ms`);

/** How long this process, the service with it, was let run: while the machine keeps it waiting this stands still. */
let ranSoFarMs = 0;
const tickMs = 20;
let tickedAt = performance.now();
setInterval(() => {
  const now = performance.now();
  ranSoFarMs += Math.min(now - tickedAt, 2 * tickMs);
  tickedAt = now;
}, tickMs).unref();

/** Those that have ended meanwhile are left out. */
function wake(pids: readonly number[]): void {
  for (const pid of pids) if (existsSync(`/proc/${pid}`)) process.kill(pid, "SIGCONT");
}

function partsOf({ json }: Answer): Record<string, string> {
  return Object.fromEntries(json.parts.map((part: { name: string; status: string }) => [part.name, part.status]));
}

function childrenOf(pid: number): number[] {
  return execFileSync("pgrep", ["-P", String(pid)], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map(Number);
}

async function timed<T>(ask: () => Promise<T>): Promise<{ answer: T; ms: number; ranMs: number }> {
  const [startedAt, ranBeforeMs] = [Date.now(), ranSoFarMs];
  const answer = await ask();
  return { answer, ms: Date.now() - startedAt, ranMs: ranSoFarMs - ranBeforeMs };
}
