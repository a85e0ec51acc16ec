import { describe, expect, inject, it } from "vitest";
import { type Digest, digestOf } from "#core/artifacts/digest.ts";
import { mediaTypes } from "#core/images/oci.ts";
import { openRegistries } from "#core/images/registries/open-registries.ts";
import { deleteManifest, pullManifest, pushManifest } from "#core/images/registry-client/manifests.ts";
import { applyRetention } from "#core/upkeep/apply-retention.ts";
import { removalHandler } from "#core/upkeep/run-removal.ts";
import { type Claim, claimWork, StaleClaim } from "#core/work/work.ts";
import { finished, ready } from "#test/sealed.ts";
import { tcpProxy } from "#test/tcp-proxy.ts";
import { type Answer, draftOf, testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";
import { faultyProxy } from "../images/faulty-proxy.ts";
import { login, passwordRegistry } from "../images/guarded-registry.ts";
import {
  baseBytes,
  configBytes,
  imageOfVersion,
  imagePath,
  looker,
  modelBytes,
  removalEnded,
  steadyBuilder,
} from "./kept-images.ts";

const host = inject("parts").registryHost;
const quick = {
  SLIPWAY_RECONCILE_SECONDS: "0.2",
  SLIPWAY_RETRY_SECONDS: "5",
  SLIPWAY_SECRET_KEY: "a key of thirty-two characters or more",
};
/** However slow the machine is: not given up. */
const patient = { SLIPWAY_RETRY_SECONDS: "600" };
const service = await testService(quick);
const { call, registry } = service;
const registryHas = looker(host);

const put = (model: string, tag: string, version = "1.0.0") =>
  call("PUT", `/v1/models/${model}/tags/${tag}`, { json: { version } });
const remove = (model: string, version = "1.0.0") => call("DELETE", imagePath(model, version));
const audited = async (model: string) =>
  (await call("GET", `/v1/audit?model=${model}&limit=100`)).json.items
    .filter(({ action }: { action: string }) => action.startsWith("image."))
    .map(({ action, actor, after }: { action: string; actor: string; after: { status: string } }) => [
      action,
      actor,
      after.status,
    ])
    .reverse();

/** An index with one image, as a pipeline pushes it. */
async function pushIndex(path: string, digest: Digest): Promise<Digest> {
  const signal = AbortSignal.timeout(100_000);
  const size = (await pullManifest(registryHas.client, path, digest, signal))?.bytes.length;
  const listed = { mediaType: mediaTypes.manifest, digest, size, platform: { os: "linux", architecture: "amd64" } };
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [listed] }));
  const index = { bytes, mediaType: mediaTypes.index };
  await pushManifest(registryHas.client, path, digestOf(bytes), index, signal);
  return digestOf(bytes);
}

describe("an image that is removed", () => {
  testWorker(registry, steadyBuilder());

  it("is gone from the registry, says what that frees, and leaves what others have", async () => {
    await ready(service, "freed.a", "1.0.0");
    await ready(service, "freed.a", "1.1.0");
    await ready(service, "freed.b", "1.0.0");
    const asked = await remove("freed.a");
    expect([asked.status, asked.json.status, asked.json.freedBytes]).toEqual([202, "removing", null]);
    const removed = await removalEnded(service, "freed.a");
    expect(removed).toMatchObject({ status: "removed", reason: null, freedBytes: modelBytes + configBytes(removed) });
    expect(await registryHas.has(removed)).toBe(false);
    for (const [model, version] of [
      ["freed.a", "1.1.0"],
      ["freed.b", "1.0.0"],
    ] as const)
      expect(await registryHas.pulls(await imageOfVersion(service, model, version))).toBe(true);

    const { json: version } = await call("GET", "/v1/models/freed.a/versions/1.0.0");
    expect([version.status, version.image.status]).toEqual(["sealed", "removed"]);
    expect((await call("GET", "/v1/models/freed.a")).json.latestVersion).toBe("1.1.0");
    const listed = await call("GET", "/v1/models/freed.a/versions?image=removed");
    expect(listed.json.items.map((one: { version: string }) => one.version)).toEqual(["1.0.0"]);
    for (const refused of [
      await put("freed.a", "prod"),
      await call("GET", "/v1/models/freed.a/versions/1.0.0/deployment/compose"),
      await call("POST", "/v1/models/freed.a/versions/1.0.0/proof"),
    ])
      expect([refused.status, refused.json.type, refused.json.detail]).toEqual([
        409,
        "/problems/version_not_ready",
        "the image of freed.a:1.0.0 was removed from its registry: put it back first, with POST …/versions/1.0.0/image/restore",
      ]);
    const again = await remove("freed.a");
    expect([again.status, again.json.status]).toEqual([200, "removed"]);
    expect(await audited("freed.a")).toEqual([
      ["image.remove", "anonymous", "removing"],
      ["image.removed", "slipway", "removed"],
    ]);

    // The base goes with the last image on the host that has it, whichever model's.
    await remove("freed.a", "1.1.0");
    const second = await removalEnded(service, "freed.a", "1.1.0");
    expect(second.freedBytes).toBe(modelBytes + configBytes(second));
    await remove("freed.b");
    const last = await removalEnded(service, "freed.b");
    expect(last.freedBytes).toBe(modelBytes + baseBytes + configBytes(last));
  });

  it("counts a layer once where the two that have it go together", async () => {
    for (const version of ["1.0.0", "1.1.0"]) await ready(service, "pair.a", version);
    await Promise.all([remove("pair.a"), remove("pair.a", "1.1.0")]);
    const both = [await removalEnded(service, "pair.a"), await removalEnded(service, "pair.a", "1.1.0")];
    const own = both.reduce((sum, image) => sum + modelBytes + configBytes(image), 0);
    expect(both.reduce((sum, { freedBytes }) => sum + (freedBytes ?? 0), 0)).toBe(own + baseBytes);
  });

  it("is not one that a tag points at, nor one that another version has too, nor somebody else's", async () => {
    await ready(service, "held", "1.0.0");
    await put("held", "prod");
    const tagged = await remove("held");
    expect([tagged.status, tagged.json.type]).toEqual([409, "/problems/image_in_use"]);
    expect(tagged.json.detail).toContain("move prod to another version first");

    await ready(service, "twice", "1.0.0");
    const image = await imageOfVersion(service, "twice");
    await draftOf(service, "twice", "2.0.0");
    const source = { repository: "https://git.example/x", commit: "0123abcd" };
    const registered = await call("POST", "/v1/models/twice/versions/2.0.0/builds", {
      json: { image: image.reference, source },
    });
    expect((await finished(service, registered.json.id)).status).toBe("succeeded");
    const shared = await remove("twice");
    expect([shared.status, shared.json.detail]).toEqual([
      409,
      "the image of twice:1.0.0 is in use: it is another version's as well",
    ]);
    const external = await remove("twice", "2.0.0");
    expect([external.status, external.json.type]).toEqual([409, "/problems/image_external"]);
    // As one that its pipeline has copied to a repository of its own: Slipway's has it for the tag alone.
    await put("twice", "prod");
    await registry.db.image.updateMany({
      where: { origin: "external", version: { model: { name: "twice" } } },
      data: { repository: `${image.repository}-of-a-pipeline` },
    });
    expect((await put("twice", "prod", "2.0.0")).status).toBe(200);
    expect((await remove("twice")).json.detail).toContain("move prod to another version first");
    for (const model of ["held", "twice"]) {
      expect(await registryHas.pulls(await imageOfVersion(service, model))).toBe(true);
      expect(await audited(model)).toEqual([]);
    }
    await draftOf(service, "none", "1.0.0");
    const none = await remove("none");
    expect([none.status, none.json.type]).toEqual([404, "/problems/image_not_found"]);
  });

  it("is not one that an index lists which another version has, by request or by rule", async () => {
    await ready(service, "listed", "1.0.0");
    const image = await imageOfVersion(service, "listed");
    const path = image.repository.slice(image.repository.indexOf("/") + 1);
    const index = await pushIndex(path, image.digest);
    await draftOf(service, "listed", "2.0.0");
    const source = { repository: "https://git.example/x", commit: "0123abcd" };
    const registered = await call("POST", "/v1/models/listed/versions/2.0.0/builds", {
      json: { image: `${image.repository}@${index}`, source },
    });
    expect((await finished(service, registered.json.id)).status).toBe("succeeded");
    expect((await put("listed", "prod", "2.0.0")).status).toBe(201);
    const refused = await remove("listed");
    expect([refused.status, refused.json.type, refused.json.detail]).toEqual([
      409,
      "/problems/image_in_use",
      `the image of listed:1.0.0 is in use: the index ${index}, which is an image here too, lists it`,
    ]);
    await call("PUT", "/v1/retention/listed", { json: { keepLast: 1, afterTagDays: 0 } });
    const { items } = (await call("GET", "/v1/models/listed/retention")).json;
    expect(items).toContainEqual(
      expect.objectContaining({ version: "1.0.0", decision: "stays", why: `listed by the index ${index}` }),
    );
    expect(await applyRetention(registry, AbortSignal.timeout(100_000))).toBe(0);
    await call("DELETE", "/v1/retention/listed");
    expect(await registryHas.pulls(image)).toBe(true);
    expect((await call("POST", `${imagePath("listed", "2.0.0")}/check`)).json.status).toBe("present");
  });

  it.each([
    ["the tag that came first wins", ["tag", "removal"]],
    ["the removal that came first wins", ["removal", "tag"]],
  ] as const)("meets a tag on its way there: %s", async (_, order) => {
    const model = `race.${order[0]}`;
    await ready(service, model, "1.0.0");
    const acts = { tag: () => put(model, "prod"), removal: () => remove(model) };
    const answers: Promise<Answer>[] = [];
    // Both wait behind this one, in their order.
    await registry.db.$transaction(async (tx) => {
      await tx.$queryRaw`SELECT 1 FROM models WHERE name = ${model} FOR UPDATE`;
      for (const [index, act] of order.entries()) {
        answers.push(acts[act]());
        await waitUntil(`the ${act} waits`, async () => {
          const [row] = await registry.db.$queryRaw<{ waiting: number }[]>`
            SELECT count(*)::int AS waiting FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'`;
          return row?.waiting === index + 1;
        });
      }
    });
    const [first, second] = await Promise.all(answers);
    expect([201, 202]).toContain(first?.status);
    expect(second?.status).toBe(409);
    const image = await removalEnded(service, model);
    const tagWon = order[0] === "tag";
    expect(image.status).toBe(tagWon ? "present" : "removed");
    expect(await registryHas.has(image)).toBe(tagWon);
    expect((await call("GET", `/v1/models/${model}/tags/prod`)).status).toBe(tagWon ? 200 : 404);
  });

  it("never goes from under a tag, however the two meet", async () => {
    const models = Array.from({ length: 8 }, (_, index) => `meets.m${index}`);
    for (const model of models) await ready(service, model, "1.0.0");
    await Promise.all(models.flatMap((model) => [put(model, "prod"), remove(model)]));
    for (const model of models) {
      const { status } = await removalEnded(service, model);
      const tag = await call("GET", `/v1/models/${model}/tags/prod`);
      expect([model, status, tag.status]).toEqual([model, status, status === "present" ? 200 : 404]);
    }
  });

  it("is not built meanwhile, nor removed while it is built", async () => {
    await ready(service, "busy", "1.0.0");
    const { id } = await registry.db.image.findFirstOrThrow({ where: { version: { model: { name: "busy" } } } });
    await registry.db.image.update({ where: { id }, data: { status: "removing" } });
    for (const path of ["builds", "image/restore"]) {
      const refused = await call("POST", `/v1/models/busy/versions/1.0.0/${path}`);
      expect([refused.status, refused.json.type]).toEqual([409, "/problems/image_removing"]);
    }
    await registry.db.image.update({ where: { id }, data: { status: "present" } });
    const { versionId } = await registry.db.build.findFirstOrThrow({ where: { imageId: id } });
    const data = { versionId, builderName: "assembler", builderWhy: "", createdBy: "test", status: "waiting" };
    await registry.db.build.create({ data: { id: "00000000-0000-7000-8000-000000000001", ...data } });
    const refused = await remove("busy");
    expect([refused.status, refused.json.type]).toEqual([409, "/problems/build_running"]);
  });
});

describe("a worker that is killed while it removes an image", async () => {
  const own = await testService(quick);
  const builders = testWorker(own.registry, steadyBuilder());
  for (const model of ["before", "after"]) await ready(own, model, "1.0.0");
  await builders.end();

  it("leaves it marked, and another ends what it began", async () => {
    const images = [];
    for (const model of ["before", "after"]) {
      expect((await own.call("DELETE", imagePath(model))).status).toBe(202);
      images.push(await imageOfVersion(own, model));
      const moved = await own.call("PUT", `/v1/models/${model}/tags/prod`, { json: { version: "1.0.0" } });
      expect([moved.status, moved.json.detail]).toEqual([
        409,
        `the image of ${model}:1.0.0 is being removed from its registry`,
      ]);
    }
    const works = await own.registry.db.work.findMany({ where: { kind: "removal" } });
    expect(works.map(({ state }) => state)).toEqual(["queued", "queued"]);
    // Killed before it asked the registry, and after.
    for (const { id } of works)
      await claimWork(own.registry.db, id, { worker: "killed", leaseMs: 1, kinds: ["removal"] });
    const after = images[1];
    if (after === undefined) throw new Error("there is no image");
    const path = after.repository.slice(after.repository.indexOf("/") + 1);
    await deleteManifest(registryHas.client, path, after.digest, AbortSignal.timeout(100_000));

    testWorker(own.registry, steadyBuilder());
    for (const model of ["before", "after"]) {
      const removed = await removalEnded(own, model);
      expect([removed.status, await registryHas.has(removed)]).toEqual(["removed", false]);
    }
    const audit = await own.call("GET", "/v1/audit?action=image.removed");
    expect(audit.json.items).toHaveLength(2);
  });
});

describe("a worker that may do one removal at once", async () => {
  const own = await testService(quick);
  const builders = testWorker(own.registry, steadyBuilder());
  for (const model of ["first", "second"]) await ready(own, model, "1.0.0");
  await builders.end();

  it("takes no second one while the first is on its way, and both are done", async () => {
    for (const model of ["first", "second"]) await own.call("DELETE", imagePath(model));
    const { db, config, log } = own.registry;
    const registries = openRegistries(own.registry);
    whenDone(() => registries.close());
    const work = { ...config.work, atOnce: 2 };
    const handler = removalHandler({ db, log, config: { ...config, work }, registries });
    const take = ({ id }: { id: string }) =>
      claimWork(db, id, {
        worker: "one",
        leaseMs: 60_000,
        kinds: [],
        turns: {
          kinds: ["removal"],
          mayBegin: async (tx, { subjectId }) => handler.turns?.mayBegin(tx, subjectId) ?? true,
        },
      });
    const works = await db.work.findMany({ where: { kind: "removal" }, orderBy: { createdAt: "asc" } });
    const claims = await Promise.all(works.map(take));
    expect(claims.filter((claim) => claim !== null)).toHaveLength(1);
    expect(await handler.turns?.unblock()).toEqual([]);
    const run = async (claim: Claim | null | undefined) => {
      if (!claim) throw new Error("there is no removal");
      await handler.run(claim, AbortSignal.timeout(100_000), log);
    };
    await run(claims.find((claim) => claim !== null));
    const [next] = (await handler.turns?.unblock()) ?? [];
    await run(next === undefined ? null : await take(next));
    for (const model of ["first", "second"]) expect((await imageOfVersion(own, model)).status).toBe("removed");
  });
});

describe("a worker that was frozen before it asked the registry", async () => {
  const own = await testService(quick);
  const builders = testWorker(own.registry, steadyBuilder());
  await ready(own, "frozen", "1.0.0");
  await builders.end();

  it("removes nothing that another has removed and a build has put back", async () => {
    await own.call("DELETE", imagePath("frozen"));
    const { id } = await own.registry.db.work.findFirstOrThrow({ where: { kind: "removal" } });
    const options = { worker: "frozen", leaseMs: 1, kinds: ["removal"] };
    const claim = await claimWork(own.registry.db, id, options);
    if (claim === null) throw new Error("there is no removal");
    const registries = openRegistries(own.registry);
    whenDone(() => registries.close());
    const frozen = removalHandler({
      ...own.registry,
      registries: {
        ...registries,
        open: async (name, at) => {
          testWorker(own.registry, steadyBuilder());
          expect((await removalEnded(own, "frozen")).status).toBe("removed");
          const { json } = await own.call("POST", `${imagePath("frozen")}/restore`);
          expect((await finished(own, json.id)).status).toBe("succeeded");
          return registries.open(name, at);
        },
      },
    });
    await expect(frozen.run(claim, AbortSignal.timeout(100_000), own.registry.log)).rejects.toThrow(StaleClaim);
    const image = await imageOfVersion(own, "frozen");
    expect([image.status, await registryHas.pulls(image)]).toEqual(["present", true]);
  });
});

describe("a registry that removes nothing", () => {
  testWorker(registry, steadyBuilder());

  it("that says so keeps the image, which is ready again, with the reason", async () => {
    const strict = await passwordRegistry({ delete: { enabled: false } });
    const set = await call("PUT", "/v1/registries/strict", { json: { host: strict, models: ["strict"], ...login } });
    expect(set.status).toBe(201);
    await ready(service, "strict", "1.0.0");
    expect((await remove("strict")).status).toBe(202);
    const image = await removalEnded(service, "strict");
    expect(image).toMatchObject({ status: "present", freedBytes: null });
    expect(image.reason).toMatch(
      /^it could not be removed: registry .* refused to delete the manifest .* it answered 405 .*switch deletion on/,
    );
    expect((await call("GET", "/v1/models/strict/versions/1.0.0")).json.status).toBe("ready");
    expect((await put("strict", "prod")).status).toBe(201);
    expect(await audited("strict")).toEqual([
      ["image.remove", "anonymous", "removing"],
      ["image.keep", "slipway", "present"],
    ]);
  });

  it("and says that it did is not believed", async () => {
    const liar = await faultyProxy(host, ({ method }, response) => {
      if (method === "DELETE") response.writeHead(202).end();
      return method === "DELETE";
    });
    await call("PUT", "/v1/registries/liar", { json: { host: liar.host, models: ["lied"] } });
    await ready(service, "lied", "1.0.0");
    await remove("lied");
    const image = await removalEnded(service, "lied");
    expect([image.status, image.reason]).toEqual([
      "missing",
      `nobody knows whether it was removed: registry ${liar.host} has accepted its deletion, and still has it: where that stays so, remove it by the registry's own means`,
    ]);
    expect((await put("lied", "prod")).status).toBe(409);
    expect((await call("POST", `${imagePath("lied")}/check`)).json.status).toBe("present");
    expect((await put("lied", "prod")).status).toBe(201);
  });

  it("and does it a little later is waited for, and no tag moves there meanwhile", async () => {
    const accepted: string[] = [];
    const slow = await faultyProxy(host, ({ method, url = "" }, response) => {
      if (method !== "DELETE" || !url.includes("/manifests/sha256:")) return false;
      response.writeHead(202).end();
      accepted.push(url);
      return true;
    });
    const waiting = await testService({ ...quick, SLIPWAY_REGISTRY: `${slow.host}/slow-${Date.now()}`, ...patient });
    testWorker(waiting.registry, steadyBuilder());
    await ready(waiting, "slow", "1.0.0");
    await waiting.call("DELETE", imagePath("slow"));
    const tried = { kind: "removal", state: "queued", attempt: { gt: 0 } };
    await waitUntil("it was tried", async () => (await waiting.registry.db.work.count({ where: tried })) > 0);
    const moved = await waiting.call("PUT", "/v1/models/slow/tags/prod", { json: { version: "1.0.0" } });
    expect(moved.json.detail).toBe("the image of slow:1.0.0 is being removed from its registry");
    expect((await fetch(`http://${host}${accepted[0]}`, { method: "DELETE" })).status).toBe(202);
    const image = await removalEnded(waiting, "slow");
    expect([image.status, image.reason, await registryHas.has(image)]).toEqual(["removed", null, false]);
  });
});

describe("a registry that keeps what is tagged, as Artifact Registry documents", () => {
  testWorker(registry, steadyBuilder());

  it("is asked to let go of Slipway's own tags first", async () => {
    const tags = new Set(["1.0.0", "1", "1.0", "latest"]);
    const google = await faultyProxy(host, ({ method, url = "" }, response) => {
      if (method !== "DELETE" || !url.includes("/manifests/")) return false;
      const reference = url.slice(url.lastIndexOf("/") + 1);
      if (!reference.startsWith("sha256:")) {
        // Whoever follows the tags may have been here before.
        response.writeHead(tags.delete(reference) ? 202 : 404).end();
        return true;
      }
      if (tags.size === 0) return false;
      const message = `Manifest is still referenced by tag: ${[...tags].join()}`;
      response.writeHead(400).end(JSON.stringify({ errors: [{ code: "GOOGLE_MANIFEST_DANGLING_TAG", message }] }));
      return true;
    });
    await call("PUT", "/v1/registries/google", { json: { host: google.host, models: ["googled"] } });
    await ready(service, "googled", "1.0.0");
    await waitUntil("its tags are there", async () => {
      const { json } = await call("GET", "/v1/models/googled/tags");
      return json.items.every((tag: { registries: { status: string }[] }) => tag.registries[0]?.status === "synced");
    });
    await remove("googled");
    expect((await removalEnded(service, "googled")).status).toBe("removed");
    expect([...tags]).toEqual([]);
  });
});

describe("a registry that is away when an image is to be removed", async () => {
  const way = await tcpProxy(`http://${host}`);
  const behind = async (settings: Record<string, string>) => {
    const away = await testService({ ...quick, SLIPWAY_REGISTRY: `${way.host}/away-${Date.now()}`, ...settings });
    testWorker(away.registry, steadyBuilder());
    return away;
  };

  it("is asked again", async () => {
    const away = await behind(patient);
    await ready(away, "later", "1.0.0");
    way.cut();
    await away.call("DELETE", imagePath("later"));
    await waitUntil(
      "it was tried",
      async () =>
        (await away.registry.db.work.count({ where: { kind: "removal", attempt: { gt: 0 }, state: "queued" } })) > 0,
    );
    expect((await imageOfVersion(away, "later")).status).toBe("removing");
    way.open();
    expect((await removalEnded(away, "later")).status).toBe("removed");
  });

  it("for a time; then the image counts as missing until somebody finds it", async () => {
    const away = await behind({ SLIPWAY_RETRY_SECONDS: "3" });
    await ready(away, "lost", "1.0.0");
    way.cut();
    await away.call("DELETE", imagePath("lost"));
    const image = await removalEnded(away, "lost");
    expect(image.status).toBe("missing");
    expect(image.reason).toMatch(/^nobody knows whether it was removed: /);
    expect((await away.call("GET", "/v1/models/lost/versions/1.0.0")).json.status).toBe("sealed");
    way.open();
    const checked = await away.call("POST", `${imagePath("lost")}/check`);
    expect([checked.status, checked.json.status, checked.json.reason]).toEqual([200, "present", null]);
    expect((await away.call("GET", "/v1/models/lost/versions/1.0.0")).json.status).toBe("ready");
  });
});
