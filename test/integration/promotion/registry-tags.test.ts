import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { placeOf } from "#core/images/registries/image-place.ts";
import { openRegistries } from "#core/images/registries/open-registries.ts";
import { pullManifest, pushManifest } from "#core/images/registry-client/manifests.ts";
import { makeLogger } from "#core/logger.ts";
import { parseSemver } from "#core/models/semver.ts";
import { checkTagsChore } from "#core/promotion/check-tags.ts";
import { followPoliciesChore } from "#core/promotion/follow-policies.ts";
import { type Promotion, readPromotion } from "#core/promotion/promotion.ts";
import { registryAway } from "#core/promotion/registry-away.ts";
import { moveTag } from "#core/promotion/request-promotion.ts";
import { tagWork } from "#core/promotion/request-sync.ts";
import { type HeldPromotion, holdPromotion, settlePromotion } from "#core/promotion/settle-promotion.ts";
import { parseTagName } from "#core/promotion/tag-name.ts";
import type { Registry } from "#core/registry.ts";
import { builtElsewhere } from "#test/built-elsewhere.ts";
import { ready, tagged } from "#test/sealed.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { type TestService, testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";
import { type WireOptions, wireRegistry } from "#test/wire-registry.ts";

const log = makeLogger({ level: "silent", part: "test" });
const { signal } = new AbortController();
const migration = readFileSync("prisma/migrations/20261201100000_home_of_tags/migration.sql", "utf8");
const upgrade = migration.slice(migration.indexOf("UPDATE"));
const settings = { SLIPWAY_RECONCILE_SECONDS: "0.2" };

interface Place {
  reference: string;
  status: string;
  reason: string | null;
}

function withTags(service: TestService) {
  const { call, registry } = service;
  const registries = openRegistries(registry);
  whenDone(() => registries.close());
  const url = (model: string, tag: string) => `/v1/models/${model}/tags/${tag}`;
  const move = (model: string, tag: string, version: string) => call("PUT", url(model, tag), { json: { version } });
  const places = async (model: string, tag: string): Promise<Place[]> =>
    (await call("GET", url(model, tag))).json.registries;
  const repositoryOf = async (model: string) => {
    const built = { origin: "built", version: { model: { name: model } } };
    const row = await registry.db.image.findFirstOrThrow({ where: built });
    const slash = row.repository.indexOf("/");
    const { client } = await registries.open(row.registry);
    return { client, path: row.repository.slice(slash + 1), repository: row.repository };
  };
  /** As somebody sees it who pulls. */
  const digestIn = async (model: string, tag: string) => {
    const { client, path } = await repositoryOf(model);
    return (await pullManifest(client, path, tag, signal))?.digest ?? null;
  };
  const settled = (model: string, tag: string, digest: string) =>
    waitUntil(`${model}:${tag} is in its registry`, async () => {
      const [place] = await places(model, tag);
      return place?.status === "synced" && (await digestIn(model, tag)) === digest;
    });
  const check = (of: Registry = registry) => checkTagsChore({ ...of, registries }).run(1, signal, log);
  return { ...service, registries, move, places, repositoryOf, digestIn, settled, check };
}

const real = withTags(await testService(settings));
testWorker(real.registry, smallImageBuilder());

/** What a real registry cannot be brought to do. */
let isAway = false;
/** No layer of a repository ends in coming. */
let stalled: string | null = null;
const fault = (request: IncomingMessage, response: ServerResponse): boolean => {
  if (stalled !== null && request.url?.startsWith(`/v2/${stalled}/blobs/`)) return true;
  if (!isAway || !/\/manifests\/prod$/.test(request.url ?? "")) return false;
  response.writeHead(503).end();
  return true;
};
const wired = async (options: Partial<WireOptions>) => {
  const wire = await wireRegistry({ way: "open", ...options });
  const service = withTags(await testService({ ...settings, SLIPWAY_REGISTRY: wire.host }));
  testWorker(service.registry, smallImageBuilder());
  return service;
};
const failing = await wired({ deletes: true, fault });
const keeping = await wired({});

describe("a tag in the image registry", () => {
  it("follows, with the digest of the image, also the tags that move by rule", async () => {
    const { move, settled, repositoryOf, places } = real;
    const first = await ready(real, "churn", "1.0.0");
    const second = await ready(real, "churn", "1.1.0");
    await move("churn", "prod", "1.0.0");
    await settled("churn", "prod", first.imageDigest);
    for (const tag of ["latest", "1", "1.1"]) await settled("churn", tag, second.imageDigest);
    await settled("churn", "1.0", first.imageDigest);
    await move("churn", "prod", "1.1.0");
    await settled("churn", "prod", second.imageDigest);
    const { repository } = await repositoryOf("churn");
    expect(await places("churn", "prod")).toEqual([
      { reference: `${repository}:prod`, status: "synced", reason: null, since: expect.any(String) },
    ]);
  });

  it("is at the last of many moves", async () => {
    const { call, move, settled } = real;
    const versions = ["1.0.0", "1.1.0", "1.2.0"];
    for (const version of versions) await ready(real, "busy", version);
    await Promise.all(Array.from({ length: 50 }, (_, index) => move("busy", "prod", versions[index % 3] as string)));
    const { imageDigest, revision } = (await call("GET", "/v1/models/busy/tags/prod")).json;
    expect(revision).toBeGreaterThan(10);
    await settled("busy", "prod", imageDigest);
  });

  it("is set right where others have moved or removed it, with an audit row", async () => {
    const { call, move, settled, repositoryOf, check } = real;
    const first = await ready(real, "drift", "1.0.0");
    const second = await ready(real, "drift", "1.1.0");
    await move("drift", "prod", "1.0.0");
    await settled("drift", "prod", first.imageDigest);
    await settled("drift", "latest", second.imageDigest);
    const { client, path } = await repositoryOf("drift");
    const other = await pullManifest(client, path, second.imageDigest, signal);
    await pushManifest(client, path, "prod", other as NonNullable<typeof other>, signal);
    await check();
    await settled("drift", "prod", first.imageDigest);
    const { items } = (await call("GET", "/v1/audit?model=drift&action=tag.drift")).json;
    expect(items).toEqual([
      expect.objectContaining({
        actor: "slipway",
        object: "drift:prod",
        before: expect.objectContaining({ imageDigest: first.imageDigest }),
        after: { imageDigest: second.imageDigest, repaired: true },
      }),
    ]);
    await check();
    expect((await call("GET", "/v1/audit?model=drift&action=tag.drift")).json.items).toHaveLength(1);
  });

  it("is only reported, once, where the operator has it so", async () => {
    const { call, move, settled, repositoryOf, check, registry, places, digestIn } = real;
    const first = await ready(real, "told", "1.0.0");
    const second = await ready(real, "told", "1.1.0");
    await move("told", "prod", "1.0.0");
    await settled("told", "prod", first.imageDigest);
    const { client, path } = await repositoryOf("told");
    const manifest = await pullManifest(client, path, second.imageDigest, signal);
    await pushManifest(client, path, "prod", manifest as NonNullable<typeof manifest>, signal);
    const reporting = {
      ...registry,
      config: { ...registry.config, tags: { ...registry.config.tags, drift: "report" as const } },
    };
    await check(reporting);
    await check(reporting);
    expect(await places("told", "prod")).toEqual([
      expect.objectContaining({ status: "drifted", reason: expect.stringContaining(second.imageDigest) }),
    ]);
    expect(await digestIn("told", "prod")).toBe(second.imageDigest);
    expect((await call("GET", "/v1/audit?model=told&action=tag.drift")).json.items).toHaveLength(1);
    await check();
    await settled("told", "prod", first.imageDigest);
  });
});

describe("where the registry is away", () => {
  it("a move stands, shows what it waits for, is known to wait for it, and gets there by itself", async () => {
    const { move, places, settled, registry } = failing;
    const { imageDigest } = await ready(failing, "away", "1.0.0");
    isAway = true;
    expect((await move("away", "prod", "1.0.0")).status).toBe(201);
    await waitUntil("it says why", async () => (await places("away", "prod"))[0]?.reason !== null);
    expect(await places("away", "prod")).toEqual([
      expect.objectContaining({ status: "pending", reason: expect.stringContaining("503") }),
    ]);
    const { id } = await registry.db.version.findFirstOrThrow({ where: { model: { name: "away" } } });
    const away = () => registry.db.$transaction((tx) => registryAway(tx, id));
    const waiting = { unansweredSince: { not: null } };
    // A moment ago, however long it took to get here.
    await registry.db.tagSync.updateMany({ where: waiting, data: { unansweredSince: new Date() } });
    expect(await away()).toBeNull();
    const longer = new Date(Date.now() - 10_000);
    await registry.db.tagSync.updateMany({ where: { status: "synced" }, data: { changedAt: longer } });
    await registry.db.tagSync.updateMany({ where: waiting, data: { unansweredSince: new Date(+longer + 1_000) } });
    expect(await away()).toContain("503");
    const tags = { ...registry.config.tags, whileAway: "refuse" as const };
    const refusing = { ...registry, config: { ...registry.config, tags } };
    const wish = { model: "away", tag: parseTagName("stable"), to: { version: parseSemver("1.0.0") }, condition: null };
    const actor = { name: "ops", requestId: null, address: null, tokenId: null };
    const moving = (terms: object) => moveTag(refusing, { ...wish, terms: { reason: "", ...terms } }, actor);
    const later = { reason: "", notBefore: new Date(Date.now() + 3_600_000) };
    const waits = await moveTag(registry, { ...wish, tag: parseTagName("later"), terms: later }, actor);
    const promotion = (waits as Promotion).id;
    await registry.db.promotion.update({ where: { id: promotion }, data: { notBefore: longer } });
    const held = await registry.db.$transaction(async (tx) =>
      settlePromotion(tx, refusing.config, (await holdPromotion(tx, promotion)) as HeldPromotion),
    );
    expect(held).toMatchObject({ ended: false, verdicts: [{ status: "passed" }, { rule: "registry" }] });
    const { verdicts } = await readPromotion(registry, promotion);
    expect(verdicts[1]?.reason).toMatch(/^no tag moves while the registry is away.*503/);
    await expect(moving({})).rejects.toMatchObject({ code: "unavailable", message: expect.stringContaining("503") });
    await expect(moving({ forced: true })).resolves.toMatchObject({ made: true });
    isAway = false;
    await settled("away", "prod", imageDigest);
    expect(await away()).toBeNull();
    expect(await registry.db.tagSync.count({ where: waiting })).toBe(0);
  });

  it("a tag that is removed is removed there as well", async () => {
    const { call, move, settled, digestIn, registry } = failing;
    const { imageDigest } = await ready(failing, "gone", "1.0.0");
    await move("gone", "prod", "1.0.0");
    await settled("gone", "prod", imageDigest);
    expect((await call("DELETE", "/v1/models/gone/tags/prod")).status).toBe(204);
    await waitUntil("the registry has it no more", async () => (await digestIn("gone", "prod")) === null);
    await waitUntil("nothing is left of it", async () => {
      const left = await registry.db.tagSync.count({ where: { model: { name: "gone" }, tag: "prod" } });
      return left === 0;
    });
    expect(await digestIn("gone", "1.0.0")).toBe(imageDigest);
    await move("gone", "prod", "1.0.0");
    await settled("gone", "prod", imageDigest);
  });
});

describe("a tag that goes on to an image from elsewhere", () => {
  it("stays true where the model's own images are, and nothing is written where the image was pushed", async () => {
    const { move, settled, places, repositoryOf, registries, call } = real;
    const first = await ready(real, "mixed", "1.0.0");
    await move("mixed", "prod", "1.0.0");
    await settled("mixed", "prod", first.imageDigest);
    const { repository } = await repositoryOf("mixed");
    const theirs = await builtElsewhere(real, "mixed", "1.1.0");
    await move("mixed", "prod", "1.1.0");
    for (const tag of ["prod", "latest", "1"]) {
      await settled("mixed", tag, theirs.imageDigest);
      expect(await places("mixed", tag)).toEqual([
        { reference: `${repository}:${tag}`, status: "synced", reason: null, since: expect.any(String) },
      ]);
    }
    const { registry, host, path } = placeOf({ registry: "default", repository: theirs.repository });
    const { client } = await registries.open(registry, host);
    expect(await pullManifest(client, path, "prod", signal)).toBeNull();
    // A tag that had no home there gets none.
    expect(await places("mixed", "1.1")).toEqual([]);
    await call("DELETE", "/v1/models/mixed/tags/prod");
    await move("mixed", "prod", "1.1.0");
    await settled("mixed", "prod", theirs.imageDigest);
    await move("mixed", "prod", "1.0.0");
    await settled("mixed", "prod", first.imageDigest);
    expect(await places("mixed", "prod")).toHaveLength(1);
  });

  it.each([
    ["is on its way", "running", "1.1.0-rc.1"],
    ["waits its turn behind that of other tags", "blocked", "1.1.0"],
  ])("goes back while that image %s, which nobody waits for", async (_, state, version) => {
    const { move, settled, repositoryOf, digestIn, places, registry } = failing;
    const model = `back-${state}`;
    const first = await ready(failing, model, "1.0.0");
    await move(model, "prod", "1.0.0");
    await settled(model, "prod", first.imageDigest);
    stalled = (await repositoryOf(model)).path;
    await builtElsewhere(failing, model, version);
    await move(model, "prod", version);
    const { id } = await registry.db.tagSync.findFirstOrThrow({ where: { model: { name: model }, tag: "prod" } });
    const work = { kind_subjectId: { kind: tagWork, subjectId: id } };
    await waitUntil(`it is ${state}`, async () => {
      return (await registry.db.work.findUniqueOrThrow({ where: work })).state === state;
    });
    await move(model, "prod", "1.0.0");
    const synced = async () => (await places(model, "prod"))[0]?.status === "synced";
    await waitUntil("it is back", synced, { withinMs: 20_000 });
    expect(await digestIn(model, "prod")).toBe(first.imageDigest);
    stalled = null;
  });

  it("is brought there by an upgrade, where a former release left it", async () => {
    const { move, settled, repositoryOf, places, registry, check } = real;
    const { db } = registry;
    const first = await ready(real, "former", "1.0.0");
    await move("former", "prod", "1.0.0");
    await settled("former", "prod", first.imageDigest);
    const theirs = await builtElsewhere(real, "former", "1.1.0");
    await move("former", "prod", "1.1.0");
    await settled("former", "prod", theirs.imageDigest);
    const left = { copy: false, home: false, status: "drifted" };
    await db.tagSync.updateMany({ where: { model: { name: "former" } }, data: left });
    await db.$executeRawUnsafe(upgrade);
    const { client, path } = await repositoryOf("former");
    const before = await pullManifest(client, path, first.imageDigest, signal);
    await pushManifest(client, path, "prod", before as NonNullable<typeof before>, signal);
    const chore = followPoliciesChore(registry);
    await chore.run(1, signal, log);
    await settled("former", "prod", theirs.imageDigest);
    await tagged(real, "former");
    const rows = await db.tagSync.findMany({ where: { model: { name: "former" } }, orderBy: { id: "asc" } });
    await chore.run(2, signal, log);
    expect(await db.tagSync.findMany({ where: { model: { name: "former" } }, orderBy: { id: "asc" } })).toEqual(rows);
    await check();
    expect((await places("former", "prod"))[0]?.status).toBe("synced");
  });
});

it("a registry that removes no tags is said to keep it", async () => {
  const { imageDigest } = await ready(keeping, "kept", "1.0.0");
  await keeping.move("kept", "prod", "1.0.0");
  await keeping.settled("kept", "prod", imageDigest);
  await keeping.call("DELETE", "/v1/models/kept/tags/prod");
  const row = await waitUntil("it says so", () =>
    keeping.registry.db.tagSync.findFirst({ where: { tag: "prod", status: "drifted" } }),
  );
  expect(row.reason).toContain("the tag stays in its registry");
  expect(await keeping.digestIn("kept", "prod")).toBe(imageDigest);
});
