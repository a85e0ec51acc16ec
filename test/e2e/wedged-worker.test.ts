import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { freePort } from "#standalone/free-port.ts";
import { type KeptRunning, keepRunning } from "#standalone/keep-running.ts";
import type { Voice } from "#standalone/voice.ts";
import { statusOf } from "#standalone/wait-for-http.ts";
import { takeMade } from "#test/made-before.ts";
import { finished, sealed } from "#test/sealed.ts";
import { workerProcess } from "#test/service-processes.ts";
import { tcpProxy } from "#test/tcp-proxy.ts";
import { type TestService, testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";

/* A worker process under the supervisor of `npm start`, with its patience cut to seconds. */
interface Supervised {
  url: string;
  /** All that were started, by process id. */
  pids: number[];
  heard: string[];
  lastLines(): readonly string[];
}

async function supervised(service: TestService, settings: Record<string, string>): Promise<Supervised> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/healthz`;
  const heard: string[] = [];
  const hear = (sentence: string) => void heard.push(sentence);
  const voice: Voice = { say: hear, warn: hear, fail: hear, passOn: () => {}, ready: () => {} };
  const pids: number[] = [];
  let lastLines: () => readonly string[] = () => [];
  const start = async () => {
    const worker = await workerProcess(service, { SLIPWAY_WORKER_PORT: String(port), ...settings });
    pids.push(worker.pid);
    lastLines = worker.lastLines;
    return worker;
  };
  const kept: KeptRunning = await keepRunning(start, voice, { url, everyMs: 300, failuresLimit: 4, startLimit: 200 });
  whenDone(() => kept.stop(0));
  await waitUntil("the worker is well", async () => (await statusOf(url)) === 200, { withinMs: 60_000 });
  await sleep(1_000); // for the supervisor to see it, too
  return { url, pids, heard, lastLines: () => lastLines() };
}

describe("a worker that lives and does nothing is killed and started again", () => {
  it("when it is stopped as a whole: a build that waits for it ends ready", async () => {
    const service = await testService();
    await takeMade({ db: service.registry.db, artifactsDir: service.registry.config.artifacts.dir });
    const worker = await supervised(service, {});
    const [first = 0] = worker.pids;
    process.kill(first, "SIGSTOP");
    const { buildId } = await sealed(service, "stopped", "1.0.0");
    await waitUntil("the supervisor acts", async () => worker.pids.length === 2, { withinMs: 60_000 });
    expect(worker.heard[0]).toMatch(/^worker does not answer at http:\S+, 4 times in a row; it is killed$/);
    expect(worker.heard[1]).toMatch(/^worker ended by SIGKILL/);
    const build = await finished(service, buildId, 120_000);
    expect([build.status, build.error]).toEqual(["succeeded", null]);
    expect((await service.call("GET", "/v1/models/stopped/versions/1.0.0")).json.status).toBe("ready");
    expect(() => process.kill(first, 0)).toThrow("ESRCH");
  });

  it("when its connections to Redis are half open: its /healthz, its log and /readyz say so before", async () => {
    const service = await testService();
    const { config } = service.registry;
    const proxy = await tcpProxy(config.queue.url);
    const worker = await supervised(service, {
      REDIS_URL: proxy.urlOf(config.queue.url),
      SLIPWAY_WEDGED_SECONDS: "4",
    });
    const workers = async () => {
      const { json } = await service.call("GET", "/readyz");
      return json.parts.find(({ name }: { name: string }) => name === "workers");
    };
    await waitUntil(
      "it takes probes",
      async () => (await service.registry.db.worker.count({ where: { tookAt: { not: null } } })) === 1,
    );
    proxy.freeze();
    const told = await waitUntil("its liveness fails", async () => {
      const answer = await fetch(worker.url);
      return answer.status === 503 ? answer.json() : null;
    });
    expect(told).toEqual({ status: "wedged", since: expect.stringMatching(/Z$/) });
    const part = await waitUntil("readiness names it", async () => {
      const read = await workers();
      return read.status === "down" ? read : null;
    });
    expect(part.message).toContain(`:${worker.pids[0]} takes nothing from the queue since `);
    expect(worker.lastLines().filter((line) => line.includes("wedged: no job comes"))).toHaveLength(1);
    await waitUntil("it is started again", async () => worker.pids.length === 2, { withinMs: 60_000 });
    expect(worker.heard[0]).toMatch(/^worker answers 503 at /);
    await waitUntil("jobs come again", async () => (await workers()).status === "ok", { withinMs: 60_000 });
  });
});
