import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { mediaTypes } from "#core/images/oci.ts";
import { openRegistries } from "#core/images/registries/open-registries.ts";
import { pullManifest, pushManifest } from "#core/images/registry-client/manifests.ts";
import { makeLogger } from "#core/logger.ts";
import { applyRetention } from "#core/upkeep/apply-retention.ts";
import { checkChore } from "#core/upkeep/check-images.ts";
import { freePort } from "#standalone/free-port.ts";
import { startImageRegistry } from "#standalone/image-registry.ts";
import { openLedger } from "#standalone/ledger.ts";
import { finished, ready } from "#test/sealed.ts";
import { tcpProxy } from "#test/tcp-proxy.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";
import { faultyProxy } from "../images/faulty-proxy.ts";
import { imageOfVersion, imagePath, looker, removalEnded, type ShownImage, steadyBuilder } from "./kept-images.ts";

/** A registry of its own, whose disk can be reached into, behind a way that can be cut. */
const folder = temporaryFolder();
const own = await startImageRegistry({
  folder,
  port: await freePort(),
  secret: randomBytes(8).toString("hex"),
  ledger: openLedger(join(folder, "processes.json")),
});
whenDone(() => own.child.stop(2_000));
const way = await tcpProxy(`http://${own.host}`);
const { host } = way;
const service = await testService({
  SLIPWAY_RECONCILE_SECONDS: "0.2",
  SLIPWAY_REGISTRY: `${host}/ml`,
  SLIPWAY_RETRY_SECONDS: "3",
});
const { call, registry } = service;
const registryHas = looker(host);
let mood = "";
let meanwhile: string | null = null;
/** Of the image that was removed meanwhile, at each try. */
const between: string[] = [];
testWorker(
  registry,
  steadyBuilder(async ({ model }) => {
    if (model === meanwhile) {
      if (between.length === 0)
        await registry.db.$executeRaw`
          UPDATE images SET status = 'removed', changed_at = now() WHERE repository = ${`${host}/ml/${model}`}`;
      between.push((await imageOfVersion(service, model)).status);
    }
    return mood;
  }),
);

const check = (model: string) => call("POST", `${imagePath(model)}/check`);
const restore = (model: string) => call("POST", `${imagePath(model)}/restore`);
const prod = (model: string) => call("PUT", `/v1/models/${model}/tags/prod`, { json: { version: "1.0.0" } });
const statusOf = async (model: string) => (await call("GET", `/v1/models/${model}/versions/1.0.0`)).json.status;
const audited = async (model: string, action: string) =>
  (await call("GET", `/v1/audit?model=${model}&action=${action}`)).json.items.length;

/** Rounds of the chore for all that there is, as one of the workers does them. */
async function checkAll(rounds = 1): Promise<void> {
  const registries = openRegistries(registry);
  const config = { ...registry.config, images: { checkAllMs: 1, retentionEveryMs: 0 } };
  const chore = checkChore({ db: registry.db, config, registries });
  for (let round = 1; round <= rounds; round++)
    await chore.run(1, AbortSignal.timeout(100_000), makeLogger({ level: "silent", part: "test" }));
  await registries.close();
}

/** What the registry keeps of a layer, whatever it remembers. */
function loseBytes(image: ShownImage, kind: string): void {
  const layer = image.platforms.flatMap(({ layers }) => layers).find((one) => one.kind === kind);
  rmSync(onDisk(layer?.digest ?? ""), { recursive: true });
}

function onDisk(digest: string): string {
  const hex = digest.slice("sha256:".length);
  return join(folder, "images/docker/registry/v2/blobs/sha256", hex.slice(0, 2), hex);
}

describe("the check", () => {
  it("finds what went behind our back: manifests, layers, and bytes that the registry only remembers", async () => {
    const models = ["gone.manifest", "gone.layer", "gone.bytes", "kept.whole"];
    const images = new Map<string, ShownImage>();
    for (const model of models) {
      await ready(service, model, "1.0.0");
      images.set(model, await imageOfVersion(service, model));
      expect((await prod(model)).status).toBe(201);
    }
    const at = (model: string) => images.get(model) as ShownImage;
    await registryHas.removeManifest(at("gone.manifest"));
    await registryHas.removeLayer(at("gone.layer"), "model");
    loseBytes(at("gone.bytes"), "model");
    await checkAll();

    for (const model of models) {
      const { status, reason } = await imageOfVersion(service, model);
      const whole = model === "kept.whole";
      expect([model, status]).toEqual([model, whole ? "present" : "missing"]);
      expect([model, reason === null]).toEqual([model, whole]);
      expect([model, await statusOf(model)]).toEqual([model, whole ? "ready" : "sealed"]);
      const moved = await call("PUT", `/v1/models/${model}/tags/stable`, { json: { version: "1.0.0" } });
      expect([model, moved.status]).toEqual([model, whole ? 201 : 409]);
      if (!whole) expect(moved.json.detail).toContain("put it back first, with POST …/versions/1.0.0/image/restore");
      expect([model, await audited(model, "image.miss")]).toEqual([model, whole ? 0 : 1]);
    }
    expect((await imageOfVersion(service, "gone.manifest")).reason).toContain("does not exist");
    expect((await imageOfVersion(service, "gone.layer")).reason).toContain("has no sha256:");
    const missing = await call("GET", "/v1/models/gone.layer/versions?image=missing");
    expect(missing.json.items).toHaveLength(1);
    // Once more: it is known.
    await checkAll();
    expect(await audited("gone.manifest", "image.miss")).toBe(1);

    for (const model of models.slice(0, 3)) {
      const asked = await restore(model);
      expect([asked.status, asked.json.restores]).toEqual([202, at(model).digest]);
      expect(await finished(service, asked.json.id)).toMatchObject({ status: "succeeded", error: null });
      const image = await imageOfVersion(service, model);
      expect([image.status, image.digest, image.reason]).toEqual(["present", at(model).digest, null]);
      expect(await registryHas.pulls(image)).toBe(true);
      expect(await statusOf(model)).toBe("ready");
      const tag = await call("GET", `/v1/models/${model}/tags/prod`);
      expect([tag.json.revision, tag.json.imageDigest]).toEqual([1, at(model).digest]);
    }
    // The registry's own tag went with the manifest.
    const tagged = await fetch(`http://${host}/v2/ml/gone.manifest/manifests/1.0.0`, {
      headers: { accept: mediaTypes.manifest },
    });
    expect(tagged.headers.get("docker-content-digest")).toBe(at("gone.manifest").digest);
  });

  it("finds what its disk has lost or damaged: a config, and manifests", async () => {
    const models = ["lost.config", "lost.manifest", "bad.manifest"];
    for (const model of models) await ready(service, model, "1.0.0");
    const digestOfModel = async (model: string) => (await imageOfVersion(service, model)).digest;
    const found = await pullManifest(
      registryHas.client,
      "ml/lost.config",
      await digestOfModel("lost.config"),
      AbortSignal.timeout(100_000),
    );
    rmSync(onDisk(JSON.parse(String(found?.bytes)).config.digest), { recursive: true });
    rmSync(onDisk(await digestOfModel("lost.manifest")), { recursive: true });
    writeFileSync(join(onDisk(await digestOfModel("bad.manifest")), "data"), "{}");
    for (const model of models) {
      const { status, json } = await check(model);
      expect([model, status, json.status]).toEqual([model, 200, "missing"]);
    }
    // Manifests that it has on record it would not take again.
    const build = await finished(service, (await restore("lost.config")).json.id);
    expect([build.status, build.error]).toEqual(["succeeded", null]);
    expect((await check("lost.config")).json.status).toBe("present");
  });

  it("takes no image for lost where a registry that answers cannot read its store", async () => {
    let broken = false;
    const proxy = await faultyProxy(own.host, ({ url = "" }, response) => {
      const fails = broken && url !== "/v2/";
      if (fails) response.writeHead(500).end();
      return fails;
    });
    await call("PUT", "/v1/registries/broken", { json: { host: proxy.host, models: ["unread"] } });
    await ready(service, "unread", "1.0.0");
    broken = true;
    expect((await check("unread")).status).toBe(503);
    broken = false;
    expect((await check("unread")).json).toMatchObject({ status: "present", reason: null });
  });

  it("marks nothing while the registry is away, by itself and on request", async () => {
    await ready(service, "unasked", "1.0.0");
    const before = await imageOfVersion(service, "unasked");
    way.cut();
    await checkAll();
    const asked = await check("unasked");
    way.open();
    expect([asked.status, asked.json.type]).toEqual([503, "/problems/unavailable"]);
    expect(asked.json.detail).toMatch(/^nobody knows whether the image is there: /);
    expect(await imageOfVersion(service, "unasked")).toEqual(before);
    expect(await audited("unasked", "image.miss")).toBe(0);
  });

  it("goes on with a registry where images cannot be asked for: refused ones last, and those of its former host", async () => {
    let refuses = false;
    const strict = await faultyProxy(own.host, ({ url = "" }, response) => {
      const refused = refuses && url.includes("/refused.");
      if (refused) response.writeHead(403).end();
      return refused;
    });
    const set = (at: string) =>
      call("PUT", "/v1/registries/moving", { json: { host: at, models: ["moved.*", "refused.*"] } });
    await set(host);
    for (const model of ["moved.a", "moved.b", "moved.c"]) await ready(service, model, "1.0.0");
    await set(strict.host);
    for (const model of ["refused.a", "moved.d"]) await ready(service, model, "1.0.0");
    await registryHas.removeManifest(await imageOfVersion(service, "moved.d"));
    refuses = true;
    strict.seen.length = 0;
    await checkAll(2);
    expect((await imageOfVersion(service, "moved.d")).status).toBe("missing");
    for (const model of ["moved.a", "refused.a"]) expect((await imageOfVersion(service, model)).status).toBe("present");
    const asked = strict.seen
      .filter((line) => !/\/manifests\/(?:latest|1|1\.0)$/.test(line)) // which go there by themselves
      .map((line) => /moved\.d|refused\.\w/.exec(line)?.[0] ?? "")
      .filter((model) => model !== "");
    expect(asked).toEqual(["refused.a", "moved.d", "moved.d", "refused.a"]);
  });

  it("believes no 404 of what stands before a registry that is away", async () => {
    let away = false;
    const proxy = await faultyProxy(own.host, (_, response) => {
      if (away) response.writeHead(404).end("default backend");
      return away;
    });
    await call("PUT", "/v1/registries/behind", { json: { host: proxy.host, models: ["proxied"] } });
    await ready(service, "proxied", "1.0.0");
    away = true;
    const asked = await check("proxied");
    expect([asked.status, asked.json.detail]).toEqual([
      503,
      expect.stringContaining("refused to answer as a registry"),
    ]);
    await call("DELETE", imagePath("proxied"));
    const image = await removalEnded(service, "proxied");
    expect([image.status, image.reason]).toEqual(["missing", expect.stringContaining("nobody knows")]);
    away = false;
    expect((await check("proxied")).json.status).toBe("present");
  });

  it("finds what no version shows, too: it goes by its rule after an outage has ended its removal", async () => {
    await ready(service, "orphan", "1.0.0");
    mood = "rebuilt";
    const build = await finished(service, (await call("POST", "/v1/models/orphan/versions/1.0.0/builds")).json.id);
    mood = "";
    await call("PUT", "/v1/retention/orphan", { json: { keepLast: 1, afterTagDays: 0 } });
    way.cut();
    expect(await applyRetention(registry, AbortSignal.timeout(100_000))).toBe(1);
    const becomes = (status: string) =>
      waitUntil(
        `the orphan is ${status}`,
        async () =>
          (await registry.db.image.findFirstOrThrow({ where: { digest: build.image.digest } })).status === status,
      );
    await becomes("missing");
    way.open();
    await checkAll();
    await becomes("present");
    expect(await applyRetention(registry, AbortSignal.timeout(100_000))).toBe(1);
    await becomes("removed");
    const path = "ml/orphan";
    expect(await pullManifest(registryHas.client, path, build.image.digest, AbortSignal.timeout(100_000))).toBeNull();
    await call("DELETE", "/v1/retention/orphan");
  });

  it("shows an image again that has come back by itself", async () => {
    await ready(service, "back", "1.0.0");
    const image = await imageOfVersion(service, "back");
    const path = "ml/back";
    const manifest = await fetch(`http://${host}/v2/${path}/manifests/${image.digest}`, {
      headers: { accept: mediaTypes.manifest },
    });
    const bytes = Buffer.from(await manifest.arrayBuffer());
    await registryHas.removeManifest(image);
    expect((await check("back")).json).toMatchObject({ status: "missing" });
    const once = { headers: { "idempotency-key": "look-again" } };
    const signal = AbortSignal.timeout(100_000);
    await pushManifest(registryHas.client, path, image.digest, { bytes, mediaType: mediaTypes.manifest }, signal);
    const found = await call("POST", `${imagePath("back")}/check`, once);
    expect([found.status, found.json.status, await statusOf("back")]).toEqual([200, "present", "ready"]);
    await registryHas.removeManifest(image);
    expect((await call("POST", `${imagePath("back")}/check`, once)).json).toEqual(found.json);
    await checkAll();
    expect((await imageOfVersion(service, "back")).status).toBe("missing");
    await pushManifest(registryHas.client, path, image.digest, { bytes, mediaType: mediaTypes.manifest }, signal);
    await checkAll();
    expect([await statusOf("back"), await audited("back", "image.find")]).toEqual(["ready", 2]);
  });
});

describe("an image that is put back", () => {
  it("is the very one, also of a model that has another name now", async () => {
    await ready(service, "named", "1.0.0");
    const before = await imageOfVersion(service, "named");
    await call("DELETE", imagePath("named"));
    await removalEnded(service, "named");
    await call("PATCH", "/v1/models/named", { json: { name: "renamed" } });
    const build = await finished(service, (await restore("renamed")).json.id);
    expect([build.status, build.model, build.image.digest]).toEqual(["succeeded", "renamed", before.digest]);
    const after = await imageOfVersion(service, "renamed");
    expect(after).toMatchObject({ reference: before.reference, status: "present", freedBytes: null });
    expect(await registryHas.pulls(after)).toBe(true);
    // And goes again.
    await call("DELETE", imagePath("renamed"));
    expect((await removalEnded(service, "renamed")).status).toBe("removed");
  });

  it("fails where it comes out otherwise: nothing is pushed, and nothing changes", async () => {
    await ready(service, "moody", "1.0.0");
    await call("DELETE", imagePath("moody"));
    const before = await removalEnded(service, "moody");
    mood = "another";
    const build = await finished(service, (await restore("moody")).json.id);
    mood = "";
    expect([build.status, build.error.code]).toEqual(["failed", "image_changed"]);
    expect(build.error.message).toContain(`was ${before.digest}`);
    const other = /comes out as (sha256:\w+)/.exec(build.error.message)?.[1];
    const pushed = await fetch(`http://${host}/v2/ml/moody/manifests/${other}`);
    expect(pushed.status).toBe(404);
    expect(await imageOfVersion(service, "moody")).toEqual(before);
    expect(await statusOf("moody")).toBe("failed");
    // A plain build of it makes the same and shows it, and the registry's own tag too.
    const again = await call("POST", "/v1/models/moody/versions/1.0.0/builds");
    expect((await finished(service, again.json.id)).status).toBe("succeeded");
    expect([await statusOf("moody"), (await imageOfVersion(service, "moody")).status]).toEqual(["ready", "present"]);
    const tagged = await pullManifest(registryHas.client, "ml/moody", "1.0.0", AbortSignal.timeout(100_000));
    expect(tagged?.digest).toBe(before.digest);
  });

  it("is verified once more where somebody removed it meanwhile", async () => {
    await ready(service, "between", "1.0.0");
    meanwhile = "between";
    const { json } = await call("POST", "/v1/models/between/versions/1.0.0/builds");
    expect(await finished(service, json.id)).toMatchObject({ status: "succeeded", attempt: 2 });
    meanwhile = null;
    expect(between).toEqual(["removed", "removed"]);
    const log = (await call("GET", `/v1/builds/${json.id}/log`)).bytes.toString();
    expect(log).toContain("failed: the image was removed from its registry while it was verified");
    expect((await imageOfVersion(service, "between")).status).toBe("present");
  });

  it("has to be away, and its version in use", async () => {
    await ready(service, "there", "1.0.0");
    const there = await restore("there");
    expect([there.status, there.json.type]).toEqual([409, "/problems/image_present"]);
    await call("DELETE", imagePath("there"));
    await removalEnded(service, "there");
    await call("POST", "/v1/models/there/versions/1.0.0/archive");
    const archived = await restore("there");
    expect([archived.status, archived.json.type]).toEqual([409, "/problems/version_archived"]);
    expect((await prod("there")).json.detail).toBe(
      "the image of there:1.0.0 was removed from its registry, and an archived version's is not put back",
    );
  });

  it("is looked for where its pipeline pushed it, if it was built elsewhere", async () => {
    await ready(service, "pipeline", "1.0.0");
    const built = await imageOfVersion(service, "pipeline");
    // By hand, to a repository that is no model's.
    const path = "ci/pipeline";
    for (const { digest } of [{ digest: built.digest }, ...built.platforms.flatMap(({ layers }) => layers)])
      if (digest !== built.digest) await mount(digest, "ml/pipeline", path);
    const manifest = await fetch(`http://${host}/v2/ml/pipeline/manifests/${built.digest}`, {
      headers: { accept: mediaTypes.manifest },
    });
    const bytes = Buffer.from(await manifest.arrayBuffer());
    await mount(JSON.parse(bytes.toString()).config.digest, "ml/pipeline", path);
    const push = () =>
      pushManifest(
        registryHas.client,
        path,
        built.digest,
        { bytes, mediaType: mediaTypes.manifest },
        AbortSignal.timeout(100_000),
      );
    await push();
    await draftOf(service, "external", "1.0.0");
    const source = { repository: "https://git.example/x", commit: "0123abcd" };
    const json = { image: `${host}/${path}@${built.digest}`, source };
    const registered = await call("POST", "/v1/models/external/versions/1.0.0/builds", { json });
    expect((await finished(service, registered.json.id)).status).toBe("succeeded");
    const image = await imageOfVersion(service, "external");
    await registryHas.removeManifest(image);
    expect((await check("external")).json.status).toBe("missing");
    expect((await prod("external")).json.detail).toContain(`push ${image.reference} again, and then ask for it`);
    const asked = await restore("external");
    const failed = await finished(service, asked.json.id);
    expect([failed.status, failed.error]).toEqual([
      "failed",
      { code: "image_not_found", message: `${image.reference} does not exist` },
    ]);
    const log = await call("GET", `/v1/builds/${asked.json.id}/log`);
    expect(log.bytes.toString()).toContain(`push ${image.reference} again`);
    await push();
    expect((await finished(service, (await restore("external")).json.id)).status).toBe("succeeded");
    expect((await prod("external")).status).toBe(201);
  });
});

async function mount(digest: string, from: string, into: string): Promise<void> {
  const query = new URLSearchParams({ mount: digest, from });
  const answer = await fetch(`http://${host}/v2/${into}/blobs/uploads/?${query}`, { method: "POST" });
  if (answer.status !== 201) throw new Error(`mounting answered ${answer.status}`);
}
