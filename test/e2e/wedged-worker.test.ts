import { describe, expect, it } from "vitest";
import type { Child } from "#standalone/child.ts";
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
  /** All that were started. */
  workers: Child[];
  heard: string[];
}

async function supervised(
  service: TestService,
  { failuresLimit, settings }: { failuresLimit: number; settings: Record<string, string> },
): Promise<Supervised> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/healthz`;
  // On its way to the worker the supervisor is seen to look.
  const way = await tcpProxy(url);
  let looks = 0;
  way.disturb((chunk, direction) => {
    if (direction === "down") looks += 1;
    return chunk;
  });
  const heard: string[] = [];
  const hear = (sentence: string) => void heard.push(sentence);
  const voice: Voice = { say: hear, warn: hear, fail: hear, passOn: () => {}, ready: () => {} };
  const workers: Child[] = [];
  const start = async () => {
    const worker = await workerProcess(service, { SLIPWAY_WORKER_PORT: String(port), ...settings });
    workers.push(worker);
    return worker;
  };
  const patience = { url: way.urlOf(url), everyMs: 300, failuresLimit, startLimit: 200 };
  const kept: KeptRunning = await keepRunning(start, voice, patience);
  whenDone(() => kept.stop(0));
  await waitUntil("the worker is well", async () => (await statusOf(url)) === 200, { withinMs: 60_000 });
  // The first of two may have been answered before it was well.
  const before = looks;
  await waitUntil("the supervisor has seen it, too", async () => looks >= before + 2);
  return { url, workers, heard };
}

describe("a worker that lives and does nothing is killed and started again", () => {
  it("when it is stopped as a whole: a build that waits for it ends ready", async () => {
    const service = await testService();
    await takeMade({ db: service.registry.db, artifactsDir: service.registry.config.artifacts.dir });
    const worker = await supervised(service, { failuresLimit: 4, settings: {} });
    const first = worker.workers[0]?.pid ?? 0;
    process.kill(first, "SIGSTOP");
    const { buildId } = await sealed(service, "stopped", "1.0.0");
    await waitUntil("the supervisor acts", async () => worker.workers.length === 2, { withinMs: 60_000 });
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
    // Time enough to look at all that it says before it is killed.
    const worker = await supervised(service, {
      failuresLimit: 40,
      settings: { REDIS_URL: proxy.urlOf(config.queue.url), SLIPWAY_WEDGED_SECONDS: "4" },
    });
    const [first] = worker.workers;
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
    await waitUntil("readiness names it", async () => {
      const { status, message } = await workers();
      return status === "down" && message.includes(`:${first?.pid} takes nothing from the queue since `);
    });
    await first?.line(/wedged: no job comes/, 10_000);
    expect(first?.lastLines().filter((line) => line.includes("wedged: no job comes"))).toHaveLength(1);
    await waitUntil("it is started again", async () => worker.workers.length === 2, { withinMs: 90_000 });
    expect(worker.heard[0]).toMatch(/^worker answers 503 at /);
    await waitUntil("jobs come again", async () => (await workers()).status === "ok", { withinMs: 60_000 });
  });
});
