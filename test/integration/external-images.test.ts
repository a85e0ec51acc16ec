import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { describe, expect, inject, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { type Digest, digestOf } from "#core/artifacts/digest.ts";
import { BuildFault } from "#core/images/image-builder.ts";
import { mediaTypes } from "#core/images/oci.ts";
import { pushBlob } from "#core/images/registry-client/blobs.ts";
import { openRegistryClient } from "#core/images/registry-client/client.ts";
import { pushManifest } from "#core/images/registry-client/manifests.ts";
import { guardedService } from "#test/access.ts";
import { finished, predictorPackage, ready, sealed } from "#test/sealed.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { draftOf, type TestService, testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";
import { whenDone } from "#test/when-done.ts";
import { faultyProxy } from "./images/faulty-proxy.ts";

const host = inject("parts").registryHost;
const client = openRegistryClient({ host });
whenDone(() => client.close());
const { signal } = new AbortController();
const repository = `ci-${randomBytes(6).toString("hex")}/scorer`;

const service = await testService({ SLIPWAY_RECONCILE_SECONDS: "0.2", SLIPWAY_RETRY_SECONDS: "600" });
const { call } = service;
testWorker(
  service.registry,
  smallImageBuilder(async (_, { model }) => {
    if (model === "served") throw new BuildFault("build_step_failed", "its Dockerfile does not build");
  }),
);

const source = { repository: "https://git.example/ml/scorer", commit: "0123abcd", run: "https://ci.example/runs/7" };
const versionAt = (model: string) => `/v1/models/${model}/versions/1.0.0`;
const register = (model: string, image: string, more: object = {}, on: Pick<TestService, "call"> = service) =>
  on.call("POST", `${versionAt(model)}/builds`, { json: { image, source, ...more } });
const ended = async (model: string, image: string) => {
  const answer = await register(model, image);
  if (answer.status !== 202) throw new Error(`the image answered ${answer.status}: ${answer.bytes}`);
  return finished(service, answer.json.id);
};
const at = (digest: string, into = repository) => `${host}/${into}@${digest}`;

async function push(bytes: Buffer, into = repository): Promise<{ digest: Digest; size: number }> {
  const digest = digestOf(bytes);
  await pushBlob(client, into, { digest, sizeBytes: bytes.length, open: async () => Readable.from([bytes]) }, signal);
  return { digest, size: bytes.length };
}

async function pushDocument(document: object, mediaType: string, into = repository): Promise<Digest> {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...document }));
  await pushManifest(client, into, digestOf(bytes), { bytes, mediaType }, signal);
  return digestOf(bytes);
}

/** What a pipeline pushes: an image of a few layers, with a config of its own. */
async function pushImage(architecture = "amd64", config: object = {}, into = repository): Promise<Digest> {
  const layers = [await push(randomBytes(2_000), into), await push(randomBytes(100), into)];
  const rootfs = { type: "layers", diff_ids: layers.map(({ digest }) => digest) };
  const document = { os: "linux", architecture, rootfs, config };
  return pushDocument(
    {
      config: { mediaType: mediaTypes.config, ...(await push(Buffer.from(JSON.stringify(document)), into)) },
      layers: layers.map((layer) => ({ mediaType: mediaTypes.layerTarGzip, ...layer })),
    },
    mediaTypes.manifest,
    into,
  );
}

describe("an image that was built elsewhere", () => {
  it("seals a draft that has no files, is verified, and is tagged like one of our own", async () => {
    const config = {
      User: "65532",
      ExposedPorts: { "9000/tcp": {} },
      Healthcheck: { Test: ["CMD", "/health"] },
      Labels: { "org.opencontainers.image.revision": "0123abcd", odd: "nul \u0000 in it" },
    };
    const digest = await pushImage("amd64", config);
    await draftOf(service, "scorer", "1.0.0");
    const serve = { port: 9000, health: "/healthz" };
    const answer = await register("scorer", at(digest), { serve });
    expect([answer.status, answer.headers["location"]]).toEqual([202, `/v1/builds/${answer.json.id}`]);
    expect(answer.json).toMatchObject({
      builder: { name: "external" },
      external: { image: at(digest), source, serve },
    });
    expect((await call("GET", versionAt("scorer"))).json).toMatchObject({ contentDigest: digest, fileCount: 0 });

    const build = await finished(service, answer.json.id);
    expect([build.status, build.error]).toEqual(["succeeded", null]);
    const { json: version } = await call("GET", versionAt("scorer"));
    expect(version).toMatchObject({
      status: "ready",
      contentDigest: digest,
      format: null,
      image: { reference: at(digest), repository: `${host}/${repository}`, digest, origin: "external" },
    });
    const [platform] = version.image.platforms;
    expect(platform).toMatchObject({
      platform: "linux/amd64",
      digest,
      layers: [
        { sizeBytes: 2_000, kind: "other" },
        { sizeBytes: 100, kind: "other" },
      ],
      config: { user: "65532", ports: ["9000/tcp"], healthCheck: true },
    });
    expect(platform.config.labels).toEqual({ "org.opencontainers.image.revision": "0123abcd" });
    const tag = await call("PUT", "/v1/models/scorer/tags/prod", { json: { version: "1.0.0" } });
    expect([tag.status, tag.json.imageDigest]).toEqual([201, digest]);
    expect((await call("GET", `/v1/builds/${build.id}/lock`)).json.detail).toContain("built elsewhere");
    expect((await call("GET", `${versionAt("scorer")}/package`)).status).toBe(200);
    const audited = await service.registry.db.auditEntry.findMany({ where: { object: "scorer:1.0.0" } });
    expect(audited.map(({ action }) => action).sort()).toEqual([
      "build.create",
      "build.succeed",
      "version.create",
      "version.seal",
    ]);
    // Nothing is written into a repository that is not ours.
    const tags = await fetch(`http://${host}/v2/${repository}/tags/list`);
    expect(((await tags.json()) as { tags?: unknown }).tags ?? null).toBeNull();
  });

  it("may be an index: each of its platforms is verified, and what is attached to them is none", async () => {
    const [amd64, arm64] = [await pushImage("amd64"), await pushImage("arm64")];
    const entry = (digest: Digest, os: string, architecture: string) => ({
      mediaType: mediaTypes.manifest,
      digest,
      size: 1,
      platform: { os, architecture },
    });
    const index = await pushDocument(
      {
        manifests: [entry(amd64, "linux", "amd64"), entry(arm64, "linux", "arm64"), entry(amd64, "unknown", "unknown")],
      },
      mediaTypes.index,
    );
    await draftOf(service, "indexed", "1.0.0");
    expect((await ended("indexed", at(index))).status).toBe("succeeded");
    const { image } = (await call("GET", versionAt("indexed"))).json;
    expect(image.digest).toBe(index);
    expect(image.platforms.map(({ platform, digest }: Record<string, string>) => [platform, digest])).toEqual([
      ["linux/amd64", amd64],
      ["linux/arm64", arm64],
    ]);
  });

  it("is deployed as it was registered, and has a card, also without a package", async () => {
    const digest = await pushImage();
    await draftOf(service, "deployed", "1.0.0");
    const serve = { port: 9000, health: "/healthz" };
    await finished(service, (await register("deployed", at(digest), { serve })).json.id);
    const manifests = await call("GET", `${versionAt("deployed")}/deployment/kubernetes`);
    expect([manifests.status, manifests.json?.detail]).toEqual([200, undefined]);
    const [deployment] = parseAllDocuments(manifests.bytes.toString()).map((document) => document.toJS());
    expect(deployment.spec.template.spec.containers).toMatchObject([
      {
        image: at(digest),
        ports: [{ containerPort: 9000 }],
        readinessProbe: { httpGet: { path: "/healthz" } },
        resources: { limits: { cpu: "1", memory: "1Gi" } },
      },
    ]);
    const batch = await call("GET", `${versionAt("deployed")}/deployment/batch`);
    expect([batch.status, batch.json.type]).toEqual([409, "/problems/batch_unavailable"]);
    const headers = { accept: "application/json" };
    const card = await call("GET", `${versionAt("deployed")}/card`, { headers });
    expect(card.json).toMatchObject({ format: null, fileCount: 0, image: { reference: at(digest) }, lock: null });
    expect((await call("GET", `${versionAt("deployed")}/card`)).bytes.toString()).toContain(at(digest));
    const byHand = await call("GET", `${versionAt("deployed")}/package?as=docker`);
    expect([byHand.status, byHand.json.detail]).toMatchObject([409, expect.stringContaining("was not made here")]);
  });

  it("serves as it was registered, whatever the version's own package says", async () => {
    const slipwayYaml = "build: dockerfile\nserve: {port: 5000, health: /up}\n";
    await draftOf(service, "served", "1.0.0", {
      ...predictorPackage,
      Dockerfile: "FROM scratch\n",
      "slipway.yaml": slipwayYaml,
    });
    const digest = await pushImage();
    const { json } = await call("POST", `${versionAt("served")}/seal`);
    expect((await finished(service, json.build.id)).status).toBe("failed");
    await finished(service, (await register("served", at(digest), { serve: { port: 9000, health: "/ok" } })).json.id);
    const compose = (await call("GET", `${versionAt("served")}/deployment/compose`)).bytes.toString();
    expect(compose).toContain('"8000:9000"');
  });

  it("is another build of a version that has files: what was built of them stays", async () => {
    const { imageDigest } = await ready(service, "both", "1.0.0");
    const digest = await pushImage();
    const build = await ended("both", at(digest));
    expect(build.image).toMatchObject({ digest, origin: "external" });
    expect((await call("GET", versionAt("both"))).json.image).toMatchObject({ digest: imageDigest, origin: "built" });
  });

  it("is waited for while the registry is away, and then verified", async () => {
    let away = true;
    const proxy = await faultyProxy(host, (incoming, response) => {
      if (away) response.writeHead(503).end();
      incoming.resume();
      return away;
    });
    await call("PUT", "/v1/registries/proxied", { json: { host: proxy.host } });
    await draftOf(service, "waiting", "1.0.0");
    const digest = await pushImage();
    const answer = await register("waiting", `${proxy.host}/${repository}@${digest}`);
    expect(answer.status).toBe(202);
    const status = async () => (await call("GET", `/v1/builds/${answer.json.id}`)).json;
    await expect.poll(async () => (await status()).waiting?.for).toContain("it answered 503");
    away = false;
    expect((await finished(service, answer.json.id)).status).toBe("succeeded");
  });
});

describe("an image that cannot be taken", () => {
  it.each([
    ["a digest that is not there", "image_not_found", async () => at(digestOf("nothing")), /does not exist$/],
    [
      "a layer that is gone",
      "image_not_found",
      async () => {
        const digest = await pushImage("amd64", {}, `${repository}-gone`);
        const manifest = await fetch(`http://${host}/v2/${repository}-gone/manifests/${digest}`, {
          headers: { accept: mediaTypes.manifest },
        });
        const { layers } = (await manifest.json()) as { layers: { digest: string }[] };
        await fetch(`http://${host}/v2/${repository}-gone/blobs/${layers[0]?.digest}`, { method: "DELETE" });
        return at(digest, `${repository}-gone`);
      },
      /is not whole: the registry has no sha256:/,
    ],
    [
      "no image",
      "image_unusable",
      async () => {
        const config = { mediaType: "application/vnd.example.chart+json", ...(await push(Buffer.from("{}"))) };
        return at(await pushDocument({ config, layers: [] }, mediaTypes.manifest));
      },
      /is no image: its config tells of no system/,
    ],
    [
      "an index of nothing",
      "image_unusable",
      async () => at(await pushDocument({ manifests: [] }, mediaTypes.index)),
      /lists no image$/,
    ],
    [
      "a config of another size",
      "image_unusable",
      async () => {
        const document = { os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: [] } };
        const { digest } = await push(Buffer.from(JSON.stringify(document)));
        const config = { mediaType: mediaTypes.config, digest, size: -9e15 };
        return at(await pushDocument({ config, layers: [] }, mediaTypes.manifest));
      },
      /names -9000000000000000 bytes of config, and it has \d+$/,
    ],
    [
      "a registry that hides what it does not have",
      "image_not_found",
      async () => {
        const hiding = await faultyProxy(host, (incoming, response) => {
          response.writeHead(403, { "content-type": "application/json" });
          response.end(JSON.stringify({ errors: [{ code: "DENIED", message: "no such thing for you" }] }));
          incoming.resume();
          return true;
        });
        await call("PUT", "/v1/registries/hiding", { json: { host: hiding.host } });
        return `${hiding.host}/ml/scorre@${digestOf("mistyped")}`;
      },
      /DENIED|no such thing for you/,
    ],
  ])("ends its build with one reason: %s", async (what, code, make, message) => {
    const model = `bad-${what.replaceAll(" ", "-")}`;
    await draftOf(service, model, "1.0.0");
    const build = await ended(model, await make());
    expect([build.status, build.error]).toMatchObject(["failed", { code, message: expect.stringMatching(message) }]);
    expect((await call("GET", versionAt(model))).json).toMatchObject({ status: "failed", image: null });
  });

  it("is refused when its manifest is larger than any, at once and without holding it in memory", async () => {
    let sent = 0;
    const proxy = await faultyProxy(host, (incoming, response) => {
      if (!incoming.url?.includes("/manifests/")) return false;
      response.writeHead(200, { "content-type": mediaTypes.manifest });
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, 32))) sent += 65_536;
        if (!response.destroyed) response.once("drain", more);
      };
      more();
      return true;
    });
    await call("PUT", "/v1/registries/endless", { json: { host: proxy.host } });
    await draftOf(service, "oversized", "1.0.0");
    const build = await ended("oversized", `${proxy.host}/${repository}@${digestOf("any")}`);
    expect(build.error).toMatchObject({
      code: "image_unusable",
      message: expect.stringContaining("is larger than 4194304"),
    });
    expect(sent).toBeLessThan(32 * 1024 * 1024);
  });

  it("is at one host, however that is spelled", async () => {
    await call("PUT", "/v1/registries/spelled", { json: { host: "spelled.example" } });
    await draftOf(service, "spelled", "1.0.0");
    const answer = await register("spelled", `Spelled.Example:443/x@${digestOf("x")}`);
    expect([answer.status, answer.json.external.image]).toEqual([202, `spelled.example/x@${digestOf("x")}`]);
    const kept = await call("DELETE", "/v1/registries/spelled");
    expect([kept.status, kept.json.detail]).toEqual([409, expect.stringContaining("being verified")]);
    await call("POST", `/v1/builds/${answer.json.id}/cancel`);
    await finished(service, answer.json.id);
    expect((await call("DELETE", "/v1/registries/spelled")).status).toBe(204);
  });

  it("is never asked for at a host that no administrator has named", async () => {
    const stranger = await faultyProxy(host, () => false);
    await draftOf(service, "stranger", "1.0.0");
    for (const image of [`${stranger.host}/x@${digestOf("x")}`, `169.254.169.254/latest@${digestOf("x")}`]) {
      const answer = await register("stranger", image);
      expect([answer.status, answer.json.type]).toEqual([422, "/problems/image_unknown_host"]);
    }
    expect(stranger.seen).toEqual([]);
    expect((await call("GET", versionAt("stranger"))).json).toMatchObject({ status: "draft", contentDigest: null });
  });

  it.each([
    "scorer:latest",
    `${host}/../admin@${digestOf("x")}`,
    `${host}/a?x=/b@${digestOf("x")}`,
    `http://${host}/a@${digestOf("x")}`,
  ])("is named by host, repository and digest: not %s", async (image) => {
    const answer = await register("stranger", image);
    expect([answer.status, answer.json.type]).toEqual([422, "/problems/invalid_image"]);
  });

  it.each([
    { port: 80, health: "/healthz" },
    { port: 9000, health: "/a b" },
    { port: 9000, health: '/"x"' },
  ])("serves as a package of Slipway's may: not %j", async (serve) => {
    const answer = await register("stranger", at(digestOf("x")), { serve });
    expect([answer.status, answer.json.type]).toEqual([400, "/problems/invalid_request"]);
  });

  it("is not told from one that is not there, where it is another model's", async () => {
    const { imageDigest } = await ready(service, "theirs", "1.0.0");
    const { repository: theirs } = (await call("GET", versionAt("theirs"))).json.image;
    await draftOf(service, "curious", "1.0.0");
    const build = await ended("curious", `${theirs}@${imageDigest}`);
    const log = async (id: string) => (await call("GET", `/v1/builds/${id}/log`)).bytes.toString();
    await draftOf(service, "curious-too", "1.0.0");
    const missing = digestOf("not there");
    const other = await ended("curious-too", `${theirs.slice(0, -1)}@${missing}`);
    const words = (text: string) => text.replace(/\S+@sha256:[0-9a-f]{64}/g, "IMAGE").replace(/^\S+Z /gm, "");
    expect(words(await log(build.id))).toBe(words(await log(other.id)));
    expect(build.error).toEqual({ code: "image_not_found", message: `${theirs}@${imageDigest} does not exist` });
    expect(build.image).toBeNull();
  });

  it("takes no draft with files, no second image for a version, and no half of what it needs", async () => {
    const digest = await pushImage();
    await draftOf(service, "filled", "1.0.0", { "notes.txt": "a file" });
    expect((await register("filled", at(digest))).json.type).toBe("/problems/version_not_sealed");
    await draftOf(service, "twice", "1.0.0");
    await ended("twice", at(digest));
    expect((await register("twice", at(await pushImage()))).json.type).toBe("/problems/image_differs");
    expect((await call("POST", `${versionAt("twice")}/builds`)).json.type).toBe("/problems/image_differs");
    expect((await ended("twice", at(digest))).status).toBe("succeeded");
    const half = await call("POST", `${versionAt("twice")}/builds`, { json: { image: at(digest) } });
    expect([half.status, half.json.type]).toEqual([400, "/problems/invalid_request"]);
    const { buildId } = await sealed(service, "built", "1.0.0");
    await finished(service, buildId);
    expect((await register("built", at(digest), { lock: {} })).status).toBe(400);
  });
});

it("who may build and not upload seals no draft by it", async () => {
  const guarded = await guardedService();
  const admin = { ...guarded, call: guarded.admin };
  await draftOf(admin, "sealing", "1.0.0");
  const builder = await guarded.identity("builder", [{ role: "builder", pattern: "*" }]);
  const refused = await register("sealing", at(digestOf("x")), {}, builder);
  expect([refused.status, refused.json.type]).toEqual([403, "/problems/forbidden"]);
  expect((await guarded.admin("GET", versionAt("sealing"))).json).toMatchObject({ status: "draft", build: null });
});
