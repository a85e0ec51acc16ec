import { describe, expect, inject, it } from "vitest";
import { mediaTypes } from "#core/images/oci.ts";
import { pullManifest } from "#core/images/registry-client/manifests.ts";
import { finished, ready } from "#test/sealed.ts";
import { testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";
import {
  baseBytes,
  imageOfVersion,
  imagePath,
  looker,
  modelBytes,
  removalEnded,
  type ShownImage,
  steadyIndexBuilder,
} from "./kept-images.ts";

const service = await testService({ SLIPWAY_RECONCILE_SECONDS: "0.2", SLIPWAY_RETRY_SECONDS: "600" });
const { call } = service;
const host = inject("parts").registryHost;
const registryHas = looker(host);
let mood = "";
testWorker(
  service.registry,
  steadyIndexBuilder(() => mood),
);

const versionPath = (model: string) => `/v1/models/${model}/versions/1.0.0`;
const built = async (path: string, json: object = {}) => {
  const begun = await call("POST", path, { json });
  expect(begun.status).toBe(202);
  return finished(service, begun.json.id);
};
const configsOf = ({ platforms }: Pick<ShownImage, "platforms">) =>
  platforms.map(({ sizeBytes }) => sizeBytes - baseBytes - modelBytes);
const has = async ({ repository }: ShownImage, digest: string | undefined) => {
  const path = repository.slice(repository.indexOf("/") + 1);
  return (await pullManifest(registryHas.client, path, digest ?? "", AbortSignal.timeout(100_000))) !== null;
};

describe("an image for several platforms", () => {
  it("is shown, tagged and deployed by the digest of its index, with each platform's own below", async () => {
    const { imageDigest } = await ready(service, "shown.a", "1.0.0");
    const image = await imageOfVersion(service, "shown.a");
    expect(image.platforms.map(({ platform }) => platform)).toEqual(["linux/amd64", "linux/arm64"]);
    expect([image.digest, image.reference]).toEqual([imageDigest, `${image.repository}@${imageDigest}`]);
    expect(await registryHas.pulls(image)).toBe(true);
    const tagged = await fetch(`http://${host}/v2/${image.repository.slice(host.length + 1)}/manifests/1.0.0`, {
      headers: { accept: mediaTypes.index },
    });
    expect(tagged.headers.get("docker-content-digest")).toBe(imageDigest);
    const { manifests } = (await tagged.json()) as { manifests: { digest: string }[] };
    expect(manifests.map(({ digest }) => digest)).toEqual(image.platforms.map(({ digest }) => digest));
    const moved = await call("PUT", "/v1/models/shown.a/tags/prod", { json: { version: "1.0.0" } });
    expect(moved.json.imageDigest).toBe(imageDigest);
    const compose = await call("GET", `${versionPath("shown.a")}/deployment/compose`);
    expect(compose.bytes.toString()).toContain(image.reference);
    expect(compose.bytes.toString()).not.toContain("platform:");
  });

  it("has a lock for each platform, which can be asked for, and all can be given again", async () => {
    await ready(service, "locked.a", "1.0.0");
    const { build } = (await call("GET", versionPath("locked.a"))).json;
    const { json: locks } = await call("GET", `/v1/builds/${build.id}/lock`);
    expect(locks.map(({ platform }: { platform: string }) => platform)).toEqual(["linux/amd64", "linux/arm64"]);
    expect((await call("GET", `/v1/builds/${build.id}/lock?platform=linux/arm64`)).json).toEqual(locks[1]);
    const none = await call("GET", `/v1/builds/${build.id}/lock?platform=linux/s390x`);
    expect([none.status, none.json.detail]).toEqual([404, "this build made no image for linux/s390x"]);
    expect((await built(`${versionPath("locked.a")}/builds`, { lock: locks })).status).toBe("succeeded");
    const twice = await call("POST", `${versionPath("locked.a")}/builds`, { json: { lock: [locks[0], locks[0]] } });
    expect([twice.status, twice.json.type]).toEqual([422, "/problems/lock_invalid"]);
  });

  it("goes with the manifests that it lists, says what that frees, and is put back byte for byte", async () => {
    await ready(service, "gone.a", "1.0.0");
    const image = await imageOfVersion(service, "gone.a");
    expect((await call("DELETE", imagePath("gone.a"))).status).toBe(202);
    const removed = await removalEnded(service, "gone.a");
    const configs = configsOf(image).reduce((sum, bytes) => sum + bytes, 0);
    expect(removed).toMatchObject({ status: "removed", freedBytes: 2 * baseBytes + modelBytes + configs });
    for (const digest of [image.digest, ...image.platforms.map((one) => one.digest)])
      expect(await has(image, digest)).toBe(false);
    expect((await built(`${imagePath("gone.a")}/restore`)).status).toBe("succeeded");
    const back = await imageOfVersion(service, "gone.a");
    expect(back).toMatchObject({ status: "present", digest: image.digest, platforms: image.platforms });
    expect(await registryHas.pulls(back)).toBe(true);
  });

  it("leaves a manifest that another index lists as well, and does not count it", async () => {
    await ready(service, "part.a", "1.0.0");
    const first = await imageOfVersion(service, "part.a");
    mood = "of another day";
    const { image: second } = await built(`${versionPath("part.a")}/builds`);
    mood = "";
    expect(second.digest).not.toBe(first.digest);
    expect(second.platforms[0].digest).toBe(first.platforms[0]?.digest);
    await call("DELETE", imagePath("part.a"));
    const removed = await removalEnded(service, "part.a");
    expect(removed).toMatchObject({ status: "removed", freedBytes: baseBytes + (configsOf(first)[1] ?? 0) });
    expect(await has(first, first.platforms[1]?.digest)).toBe(false);
    expect(await registryHas.pulls(second)).toBe(true);
  });

  it("is missing where one of its manifests is, and is whole again when it is put back", async () => {
    await ready(service, "lost.a", "1.0.0");
    const image = await imageOfVersion(service, "lost.a");
    const arm64 = image.platforms[1]?.digest;
    await registryHas.removeManifest({ ...image, digest: arm64 ?? image.digest });
    const checked = await call("POST", `${imagePath("lost.a")}/check`);
    expect(checked.json).toMatchObject({ status: "missing", reason: expect.stringContaining(arm64 ?? "") });
    expect((await built(`${imagePath("lost.a")}/restore`)).status).toBe("succeeded");
    expect((await call("POST", `${imagePath("lost.a")}/check`)).json.status).toBe("present");
    expect(await registryHas.pulls(image)).toBe(true);
  });
});
