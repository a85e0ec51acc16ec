import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { newId } from "#core/database/ids.ts";
import { keepPulse, type Pulse } from "#core/work/pulse.ts";
import { answerDoorbell } from "#core/work/queue.ts";
import { tcpProxy } from "#test/tcp-proxy.ts";
import { type TestService, testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";

interface WorkerOptions {
  service: TestService;
  name: string;
  wedgedAfterMs: number;
  redisUrl?: string;
  atOnce?: number;
  look?: () => Promise<void>;
}

/** A worker's queue and pulse, as in its main.ts, with `look` for its work. */
function pulsing({ service, name, wedgedAfterMs, redisUrl, atOnce = 2, look = async () => {} }: WorkerOptions) {
  const { db, log } = service.registry;
  const { work, queue, ...rest } = service.registry.config;
  const config = { ...rest, work: { ...work, wedgedAfterMs }, queue: { ...queue, url: redisUrl ?? queue.url } };
  const ending = new AbortController();
  const answering = answerDoorbell(config.queue, { atOnce, log }, look);
  const pulse = keepPulse({ db, config, log }, { self: { id: newId(), name }, answering }, ending.signal);
  const end = async () => {
    ending.abort();
    await Promise.all([pulse.ended, answering.close(2_000)]);
  };
  whenDone(end);
  return { pulse, answering, end };
}

async function workersPart({ call }: TestService) {
  const { status, json } = await call("GET", "/readyz");
  const part = json.parts.find(({ name }: { name: string }) => name === "workers");
  return { http: status, whole: json.status, ...part };
}

/** Looks all the time, and says at the end whether it was ever taken for wedged. */
async function everWedged(pulse: Pulse, forMs: number): Promise<boolean> {
  for (const end = Date.now() + forMs; Date.now() < end; await sleep(20)) if (pulse.wedgedSince() !== null) return true;
  return false;
}

describe("a worker whose connections to Redis are half open", () => {
  it("shows as wedged, by name and since when, though Redis answers everybody else; and mends itself", async () => {
    const service = await testService();
    const proxy = await tcpProxy(service.registry.config.queue.url);
    const redisUrl = proxy.urlOf(service.registry.config.queue.url);
    const { pulse, answering } = pulsing({ service, name: "frozen:1", wedgedAfterMs: 3_000, redisUrl });
    await waitUntil("it takes probes", async () => answering.taken().jobs > 2);
    await waitUntil("it is reported", async () => (await workersPart(service)).status === "ok");

    const frozenAt = Date.now();
    proxy.freeze();
    const part = await waitUntil("readiness says so", async () => {
      const read = await workersPart(service);
      return read.status === "down" ? read : null;
    });
    expect(part).toMatchObject({ http: 200, whole: "degraded" });
    expect(part.message).toMatch(/^worker frozen:1 takes nothing from the queue since \S+Z$/);
    expect(Math.abs(Date.parse(part.since) - frozenAt)).toBeLessThan(15_000);
    expect(pulse.wedgedSince()).not.toBeNull();

    // The connection that owes an answer is opened anew.
    await waitUntil("it takes jobs again", async () => pulse.wedgedSince() === null, { withinMs: 90_000 });
    await waitUntil("readiness says so", async () => (await workersPart(service)).since === null);
  });

  it("is named also while another worker goes on, and then the service is not degraded", async () => {
    const service = await testService();
    const proxy = await tcpProxy(service.registry.config.queue.url);
    const redisUrl = proxy.urlOf(service.registry.config.queue.url);
    const frozen = pulsing({ service, name: "frozen:1", wedgedAfterMs: 3_000, redisUrl });
    const other = pulsing({ service, name: "other:2", wedgedAfterMs: 3_000 });
    // The other one is nearer to Redis and may take every probe: who looks and comes too late is well.
    const both = await Promise.all([frozen, other].map(({ pulse }) => everWedged(pulse, 6_000)));
    expect(both).toEqual([false, false]);
    proxy.freeze();
    const part = await waitUntil("readiness names it", async () => {
      const read = await workersPart(service);
      return typeof read.message === "string" && read.message.includes("frozen:1") ? read : null;
    });
    expect(part).toMatchObject({ status: "ok", whole: "ok", since: null });
    expect(other.pulse.wedgedSince()).toBeNull();
  });
});

describe("a worker is not taken for wedged", () => {
  it("while it has nothing to do, for longer than the limit", async () => {
    const service = await testService();
    const { pulse, answering } = pulsing({ service, name: "idle:1", wedgedAfterMs: 1_500 });
    expect(await everWedged(pulse, 5_000)).toBe(false);
    await waitUntil("it has taken probes alone", async () => answering.taken().jobs > 10);
  });

  it("while many others take probes, too", async () => {
    const service = await testService();
    const workers = Array.from({ length: 12 }, (_, i) => pulsing({ service, name: `many:${i}`, wedgedAfterMs: 3_000 }));
    const wedged = await Promise.all(workers.map(({ pulse }) => everWedged(pulse, 10_000)));
    expect(wedged).toEqual(workers.map(() => false));
    for (const { answering } of workers)
      await waitUntil("it has looked for them", async () => answering.taken().looks > 5);
  });

  it("while all its slots are busy for longer than the limit", async () => {
    const service = await testService();
    const work = Array.from({ length: 2 }, () => newId());
    const goesOn = new AbortController();
    const look = async () => void (await once(goesOn.signal, "abort"));
    const { pulse, answering } = pulsing({ service, name: "busy:1", wedgedAfterMs: 1_500, look });
    for (const id of work) await service.registry.doorbell.ring(id);
    await waitUntil("both slots are busy", async () => answering.taken().running === 2);
    expect(await everWedged(pulse, 4_000)).toBe(false);
    goesOn.abort();
  });

  it("while one of its slots is busy: the other one takes probes", async () => {
    const service = await testService();
    const goesOn = new AbortController();
    const look = async () => void (await once(goesOn.signal, "abort"));
    const { pulse, answering } = pulsing({ service, name: "half:1", wedgedAfterMs: 1_500, look });
    await service.registry.doorbell.ring(newId());
    await waitUntil("one slot is busy", async () => answering.taken().running === 1);
    const before = answering.taken().jobs;
    expect(await everWedged(pulse, 4_000)).toBe(false);
    await waitUntil("probes are taken", async () => answering.taken().jobs > before + 8);
    expect(answering.taken().running).toBeGreaterThan(0);
    goesOn.abort();
  });

  it("while Redis is away for longer than the limit, and when it is back", async () => {
    const service = await testService();
    const proxy = await tcpProxy(service.registry.config.queue.url);
    const redisUrl = proxy.urlOf(service.registry.config.queue.url);
    const { pulse, answering } = pulsing({ service, name: "cut:1", wedgedAfterMs: 9_000, redisUrl });
    await waitUntil("it takes probes", async () => answering.taken().jobs > 0);
    proxy.cut();
    expect(await everWedged(pulse, 12_000)).toBe(false);
    const before = answering.taken().jobs;
    proxy.open();
    expect(await everWedged(pulse, 11_000)).toBe(false);
    await waitUntil("it takes probes again", async () => answering.taken().jobs > before);
  });
});

describe("readiness", () => {
  it("is degraded without a worker, and with one that ended in order", async () => {
    const service = await testService();
    const none = { http: 200, whole: "degraded", status: "down", message: "no worker has reported: images wait" };
    const first = await workersPart(service);
    expect(first).toMatchObject(none);
    const { end } = pulsing({ service, name: "short:1", wedgedAfterMs: 60_000 });
    await waitUntil("it is reported", async () => (await workersPart(service)).status === "ok");
    await end();
    expect(await service.registry.db.worker.count()).toBe(0);
    const last = await waitUntil("it is missed", async () => {
      const read = await workersPart(service);
      return read.status === "down" ? read : null;
    });
    expect(last).toMatchObject(none);
    expect(Date.parse(last.since)).toBeGreaterThan(Date.parse(first.since));
  });

  it("says since when a killed worker is silent; another one clears its row away", async () => {
    const service = await testService();
    const { db } = service.registry;
    await db.$executeRaw`
      INSERT INTO workers (id, name, slots, busy, seen_at)
      VALUES (${newId()}::uuid, 'killed:1', 2, 1, now() - interval '20 seconds')`;
    const part = await workersPart(service);
    expect(part).toMatchObject({
      status: "down",
      message: expect.stringMatching(/^worker killed:1 has not reported since/),
    });
    expect(Date.now() - Date.parse(part.since)).toBeGreaterThan(19_000);
    await db.$executeRaw`UPDATE workers SET seen_at = now() - interval '61 seconds'`;
    pulsing({ service, name: "living:2", wedgedAfterMs: 60_000 });
    await waitUntil("its row is gone", async () => (await db.worker.count({ where: { name: "killed:1" } })) === 0);
    await waitUntil("readiness is back", async () => (await workersPart(service)).status === "ok");
  });
});
