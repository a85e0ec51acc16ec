import type { IncomingMessage } from "node:http";
import { expect, it } from "vitest";
import { digestOf } from "#core/artifacts/digest.ts";
import { openRegistries } from "#core/images/registries/open-registries.ts";
import { requestSyncs, tagWork } from "#core/promotion/request-sync.ts";
import { bringingTags } from "#core/promotion/sync-tag.ts";
import { claimWork } from "#core/work/work.ts";
import { ready } from "#test/sealed.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";
import { wireRegistry } from "#test/wire-registry.ts";

/** A registry that takes a connection and says nothing. */
let isSilent = false;
let [asked, most] = [0, 0];
const fault = (request: IncomingMessage): boolean => {
  if (!isSilent || !/\/manifests\/t\d+$/.test(request.url ?? "")) return false;
  asked += 1;
  most = Math.max(most, asked);
  request.socket.once("close", () => {
    asked -= 1;
  });
  return true;
};
const wire = await wireRegistry({ way: "open", fault });
const service = await testService({ SLIPWAY_RECONCILE_SECONDS: "0.2", SLIPWAY_REGISTRY: wire.host });
const { call, registry } = service;
const worker = testWorker(registry, smallImageBuilder());
const { imageDigest } = await ready(service, "churn", "1.0.0");
const { imageDigest: nextDigest } = await ready(service, "churn", "1.1.0");
await worker.end();

const move = (tag: string, version = "1.0.0") => call("PUT", `/v1/models/churn/tags/${tag}`, { json: { version } });
const digestIn = (tag: string) => {
  const [, bytes] = [...wire.manifests].find(([name]) => name.endsWith(`/${tag}`)) ?? [];
  return bytes === undefined ? null : digestOf(bytes);
};
const statuses = async (tag: string) => {
  const rows = await registry.db.tagSync.findMany({ where: { tag: { startsWith: tag } } });
  return rows.map(({ status }) => status);
};

it("a tag is brought to its registry by the process that has moved it, with no worker there", async () => {
  await move("prod");
  await waitUntil("the registry has it", async () => (await statuses("prod"))[0] === "synced");
  expect(digestIn("prod")).toBe(imageDigest);
});

it("a move that comes while an older one is on its way to the registry is the one that is there in the end", async () => {
  const { db, config, log } = registry;
  await move("held");
  await waitUntil("the registry has it", async () => (await statuses("held"))[0] === "synced");
  const { id } = await db.tagSync.findFirstOrThrow({ where: { tag: "held" } });
  const [due] = await db.$transaction((tx) => requestSyncs(tx, [id]));
  const claim = await claimWork(db, due?.id ?? "", { worker: "slow", leaseMs: 60_000, kinds: [tagWork] });
  if (claim === null) throw new Error("there is no work");
  const registries = openRegistries(registry);
  whenDone(() => registries.close());
  let moved = false;
  const slow = {
    ...registries,
    async open(name: string, host?: string) {
      if (!moved) await move("held", "1.1.0");
      moved = true;
      return registries.open(name, host);
    },
  };
  await bringingTags({ db, config, registries: slow }).run(claim, AbortSignal.timeout(100_000), log);
  expect(digestIn("held")).toBe(nextDigest);
  expect(await statuses("held")).toEqual(["synced"]);
});

it("a registry that is silent slows no answer, holds a few at once for a moment, and all is left to the workers", async () => {
  isSilent = true;
  const tags = Array.from({ length: 20 }, (_, index) => `t${index}`);
  const took: number[] = [];
  for (const tag of tags) {
    const started = Date.now();
    expect((await move(tag)).status).toBe(201);
    took.push(Date.now() - started);
  }
  // As long as most would take that wait for the registry; a busy machine holds up one or another.
  expect(took.toSorted((a, b) => a - b)[tags.length / 2]).toBeLessThan(2_000);
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(8);
  const queued = await waitUntil("all is given back", async () => {
    const work = await registry.db.work.findMany({ where: { kind: "tag", state: { not: "done" } } });
    return work.every(({ state }) => state === "queued") ? work : null;
  });
  expect(queued).toHaveLength(20);
  expect(queued.every(({ lostLeases }) => lostLeases === 0)).toBe(true);
  isSilent = false;
  testWorker(registry, smallImageBuilder());
  await waitUntil("all are there", async () => (await statuses("t")).every((status) => status === "synced"));
});
