import { describe, expect, it } from "vitest";
import type { Digest } from "#core/artifacts/digest.ts";
import { newId } from "#core/database/ids.ts";
import { placeOf } from "#core/images/registries/image-place.ts";
import { openRegistries } from "#core/images/registries/open-registries.ts";
import { pullManifest } from "#core/images/registry-client/manifests.ts";
import { pullAllPlatforms } from "#core/images/registry-client/platform-manifest.ts";
import { makeLogger } from "#core/logger.ts";
import { followPoliciesChore } from "#core/promotion/follow-policies.ts";
import { builtElsewhere } from "#test/built-elsewhere.ts";
import { noRules } from "#test/no-rules.ts";
import { ready } from "#test/sealed.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { tcpProxy } from "#test/tcp-proxy.ts";
import { testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";
import { login, passwordRegistry } from "../images/guarded-registry.ts";
import { steadyIndexBuilder } from "../upkeep/kept-images.ts";

const { signal } = new AbortController();
const log = makeLogger({ level: "silent", part: "test" });
const service = await testService({
  SLIPWAY_RECONCILE_SECONDS: "0.2",
  SLIPWAY_SECRET_KEY: "a secret key of the tests that is long enough",
});
const { call, registry } = service;
const { db } = registry;
const [indexes, small] = [steadyIndexBuilder(), smallImageBuilder()];
testWorker(registry, {
  name: "assembler",
  build: (request, context) => (request.model === "two" ? indexes : small).build(request, context),
});

/** Where production pulls from: a registry of its own, with a login, that can be cut off. */
const way = await tcpProxy(`http://${await passwordRegistry()}`);
const production = { host: way.host, repository: "prod/{model}", auth: "password", ...login };
expect((await call("PUT", "/v1/registries/production", { json: production })).status).toBe(201);
const registries = openRegistries(registry);
whenDone(() => registries.close());

const policy = (models: string, tag = "*", copyTo = ["production"]) =>
  db.policy.create({
    data: { id: newId(), models, tag, version: 1, rules: { ...noRules, copyTo } as object, createdBy: "ops" },
  });
const move = (model: string, version: string, tag = "prod") =>
  call("PUT", `/v1/models/${model}/tags/${tag}`, { json: { version } });
const placesOf = async (
  model: string,
  tag = "prod",
): Promise<{ reference: string; status: string; reason: string }[]> =>
  (await call("GET", `/v1/models/${model}/tags/${tag}`)).json.registries;
const inProduction = async (model: string, reference = "prod") => {
  const { client } = await registries.open("production");
  return (await pullManifest(client, `prod/${model}`, reference, signal))?.digest ?? null;
};
const copied = (model: string, digest: string) =>
  waitUntil(`${model}:prod is in production`, async () => {
    const places = await placesOf(model);
    return places.every(({ status }) => status === "synced") && (await inProduction(model)) === digest;
  });
const explained = (model: string, reason: RegExp) =>
  waitUntil(`${model}:prod says why it waits`, async () =>
    (await placesOf(model)).find((place) => place.status === "pending" && reason.test(place.reason ?? "")),
  );

describe("a policy that copies", () => {
  it("has the image of a promoted tag in the other registry, with its digest, and follows its moves", async () => {
    await policy("churn", "prod");
    const first = await ready(service, "churn", "1.0.0");
    const second = await ready(service, "churn", "1.1.0");
    expect((await move("churn", "1.0.0")).status).toBe(201);
    await copied("churn", first.imageDigest);
    await move("churn", "1.1.0");
    await copied("churn", second.imageDigest);
    const places = (await placesOf("churn")).map(({ reference }) => reference);
    expect(places).toContain(`${way.host}/prod/churn:prod`);
    expect(places).toHaveLength(2);
    const { client } = await registries.open("production");
    const [image] = await pullAllPlatforms(
      client,
      { repository: "prod/churn", digest: second.imageDigest as Digest },
      signal,
    );
    expect(image?.digest).toBe(second.imageDigest);
    await move("churn", "1.1.0", "stable");
    expect(await placesOf("churn", "stable")).toHaveLength(1);
  });

  it("copies what is moved by promotion, and no tag that moves by rule", async () => {
    await policy("ruled", "*");
    const { imageDigest } = await ready(service, "ruled", "1.0.0");
    await move("ruled", "1.0.0");
    await copied("ruled", imageDigest);
    expect(await placesOf("ruled", "latest")).toHaveLength(1);
    expect(await inProduction("ruled", "latest")).toBeNull();
  });

  it("copies an image for two platforms whole", async () => {
    await policy("two", "prod");
    const { imageDigest } = await ready(service, "two", "1.0.0");
    await move("two", "1.0.0");
    await copied("two", imageDigest);
    const { client } = await registries.open("production");
    const found = { repository: "prod/two", digest: imageDigest as Digest };
    expect(await pullAllPlatforms(client, found, signal)).toHaveLength(2);
  });

  it("copies an image that was built elsewhere, whose own tag is left alone", async () => {
    await policy("theirs", "prod");
    const { imageDigest, repository } = await builtElsewhere(service, "theirs", "1.0.0");
    await move("theirs", "1.0.0");
    await copied("theirs", imageDigest);
    expect(await placesOf("theirs")).toHaveLength(1);
    const { host, path } = placeOf({ registry: "default", repository });
    const { client } = await registries.open("default", host);
    expect(await pullManifest(client, path, "prod", signal)).toBeNull();
  });
});

describe("where it cannot be copied", () => {
  it("the tag stands, says why, and gets there by itself when the registry is back", async () => {
    await policy("away", "prod");
    const { imageDigest } = await ready(service, "away", "1.0.0");
    way.cut();
    expect((await move("away", "1.0.0")).status).toBe(201);
    await explained("away", /did not answer/);
    way.open();
    await copied("away", imageDigest);
  });

  it("a registry that is not there is named, until it is", async () => {
    await policy("early", "prod", ["later"]);
    const { imageDigest } = await ready(service, "early", "1.0.0");
    await move("early", "1.0.0");
    expect(await explained("early", /there is no registry "later"/)).toMatchObject({ reference: "later:prod" });
    await call("PUT", "/v1/registries/later", { json: { ...production, repository: "later/{model}" } });
    await waitUntil("it is there", async () => (await placesOf("early")).every(({ status }) => status === "synced"));
    const { client } = await registries.open("later");
    expect((await pullManifest(client, "later/early", "prod", signal))?.digest).toBe(imageDigest);
  });
});

it("a policy that is set, or ends, is followed by the tags that are there", async () => {
  const chore = followPoliciesChore(registry);
  const { imageDigest } = await ready(service, "late", "1.0.0");
  await move("late", "1.0.0");
  const { id } = await policy("late", "prod");
  await chore.run(1, signal, log);
  await copied("late", imageDigest);
  const before = await db.tagSync.findMany({ where: { model: { name: "late" } } });
  await chore.run(2, signal, log);
  expect(await db.tagSync.findMany({ where: { model: { name: "late" } } })).toEqual(before);
  await db.policy.update({ where: { id }, data: { endedAt: new Date() } });
  await chore.run(3, signal, log);
  // This registry removes no tags.
  const left = await waitUntil("it says that it stays", async () =>
    (await placesOf("late")).find(({ status }) => status === "drifted"),
  );
  expect(left.reason).toContain("the tag stays in its registry");
  expect(await placesOf("late")).toHaveLength(2);
});
