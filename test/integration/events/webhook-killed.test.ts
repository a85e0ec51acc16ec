import { expect, it } from "vitest";
import { workerProcess } from "#test/service-processes.ts";
import { testService } from "#test/test-service.ts";
import { receiver } from "#test/test-webhooks.ts";
import { waitUntil } from "#test/wait-until.ts";

const settings = {
  SLIPWAY_SECRET_KEY: "a secret key of the tests that is long enough",
  SLIPWAY_WEBHOOK_NETWORKS: "127.0.0.0/8",
};

it("every committed change is sent, and nothing else, in order, when workers are killed as they number and send", {
  timeout: 300_000,
}, async () => {
  const service = await testService(settings);
  const { call, registry } = service;
  const target = await receiver(async () => {
    await new Promise((resolve) => setTimeout(resolve, 20)); // so that there is always something on its way
    return 200;
  });
  await call("POST", "/v1/webhooks", { json: { url: target.url } });
  const names = Array.from({ length: 60 }, (_, index) => `m${index % 4}`);
  const writing = (async () => {
    for (const [index, name] of names.entries()) {
      if (index < 4) await call("POST", "/v1/models", { json: { name } });
      else await call("POST", `/v1/models/${name}/versions`, { json: { version: `1.${index}.0` } });
      await call("POST", `/v1/models/${name}/versions`, { json: { version: "not a version" } }); // refused
    }
  })();
  for (const before of [1, 20]) {
    const worker = await workerProcess(service, settings);
    await waitUntil("what is on its way", async () => target.received.length >= before);
    await worker.stop(0);
  }
  await writing;
  await workerProcess(service, settings);
  await waitUntil(
    "all that waits",
    async () => {
      const unsent = await registry.db.event.count({ where: { deliveries: { none: { status: "delivered" } } } });
      return unsent === 0;
    },
    { withinMs: 120_000 },
  );

  const events = await registry.db.event.findMany({ orderBy: { sequence: "asc" } });
  expect(events.map(({ sequence }) => sequence)).toEqual(names.map((_, index) => BigInt(index + 1)));
  const first = new Map<string, number>();
  for (const [index, { headers }] of target.received.entries()) {
    const id = headers["webhook-id"] as string;
    if (!first.has(id)) first.set(id, index);
  }
  expect([...first.keys()].sort()).toEqual(events.map(({ id }) => id).sort());
  for (const model of new Set(names)) {
    const places = events.filter((event) => event.model === model).map(({ id }) => first.get(id) as number);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  }
  const repeated = target.received.length - first.size;
  expect(repeated).toBeLessThanOrEqual(2 * 4); // what was on its way at each kill
  const deliveries = await registry.db.webhookDelivery.groupBy({ by: ["eventId"], _count: true });
  expect(deliveries.every(({ _count }) => _count === 1)).toBe(true);
});
