import { buffer } from "node:stream/consumers";
import { extract } from "tar-stream";
import { beforeAll, describe, expect, inject, it } from "vitest";
import type { Digest } from "#core/artifacts/digest.ts";
import { BuildFault, type BuiltImage, type PlatformImage } from "#core/images/image-builder.ts";
import { documentsOf, imagesOf, rootOf } from "#core/images/image-index.ts";
import type { Lock } from "#core/images/lock.ts";
import { openPublisher } from "#core/images/publish-image.ts";
import { pullBlob } from "#core/images/registry-client/blobs.ts";
import { openRegistryClient } from "#core/images/registry-client/client.ts";
import { pullPlatformImage } from "#core/images/registry-client/platform-manifest.ts";
import type { PackageSpec } from "#core/packaging/package-spec.ts";
import { oneRegistry } from "#test/one-registry.ts";
import { whenDone } from "#test/when-done.ts";
import { checkImage } from "./check-image.ts";
import { buildContext, type Instance, newInstance, sealedVersion } from "./instance.ts";

const host = inject("parts").registryHost;
const client = openRegistryClient({ host });
whenDone(() => client.close());
const { registries, place } = oneRegistry({ host });
const [here, elsewhere] = [await newInstance({ made: "base" }), await newInstance({ made: "base" })];

// A large wheel that is the same for all; uvloop is one for each platform.
const requirements = ["babel"];
const files = { "src/predictor.py": "class Predictor:\n    pass\n", "notes.txt": "for both\n" };
const platforms = ["linux/amd64", "linux/arm64"] as const;

/** https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html: e_machine */
const machines = { amd64: 62, arm64: 183 } as const;

async function build(
  { builder, needs }: Instance,
  spec: Partial<PackageSpec>,
  lock: readonly Lock[] | Lock | null = null,
): Promise<{ image: BuiltImage; log: string }> {
  const context = buildContext();
  const request = await sealedVersion({ needs }, files, { spec: { requirements, ...spec } });
  const image = await builder.build({ ...request, lock }, context);
  return { image, log: context.lines.join("\n") };
}

const locksOf = (image: BuiltImage): Lock[] => imagesOf(image).flatMap(({ lock }) => lock ?? []);
const digestsOf = ({ layers }: PlatformImage, ...kinds: string[]): Digest[] =>
  layers.filter(({ kind }) => kinds.includes(kind)).map(({ digest }) => digest);

let both: BuiltImage;
let log: string;
let amd64: PlatformImage;
let arm64: PlatformImage;

beforeAll(async () => {
  ({ image: both, log } = await build(here, { platforms: [...platforms] }));
  [amd64, arm64] = imagesOf(both) as [PlatformImage, PlatformImage];
}, 180_000);

describe("an image for two platforms", () => {
  it("is an index that lists them in order, each a whole image with a lock of its own", async () => {
    expect(JSON.parse(rootOf(both).bytes.toString())).toEqual({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [amd64, arm64].map(({ digest, manifest }, index) => ({
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        digest,
        size: manifest.length,
        platform: { os: "linux", architecture: ["amd64", "arm64"][index] },
      })),
    });
    for (const [index, image] of [amd64, arm64].entries()) {
      const { config } = await checkImage(image);
      expect([config.os, config.architecture]).toEqual(platforms[index]?.split("/"));
      expect(image.lock).toMatchObject({ platform: platforms[index], python: "3.11" });
    }
    const versions = locksOf(both).map((lock) => lock.requirements.map(({ name, version }) => [name, version]));
    expect(versions[1]).toEqual(versions[0]);
    expect(arm64.lock?.base.source).toBe("debian:bookworm");
    expect(arm64.lock?.base.digest).not.toBe(amd64.lock?.base.digest);
    expect(log).toMatch(
      /for linux\/arm64:\nbase debian:bookworm for arm64: fetching [\s\S]*Python 3\.11\.\d+, glibc 2\.36/,
    );
    expect(log).toContain("linux/arm64 is put together and never run here: a proof tries linux/amd64");
  });

  it("has twice only what differs: base, large wheels of each, and the layer of the small", () => {
    const shared = (...kinds: string[]) =>
      digestsOf(amd64, ...kinds).filter((digest) => digestsOf(arm64, ...kinds).includes(digest));
    expect(digestsOf(arm64, "model", "runtime")).toEqual(digestsOf(amd64, "model", "runtime"));
    expect(shared("base")).toEqual([]);
    expect(digestsOf(amd64, "dependencies").length).toBe(3); // babel, uvloop, the small
    expect(shared("dependencies").length).toBe(1);
  });

  it("is pushed with each blob once, and pulled by platform with that platform's programs alone", async () => {
    const at = place("platforms");
    const context = buildContext();
    await openPublisher(registries).publish(both, at, context);
    await openPublisher(registries).tag(both, at, "1.0.0", context);
    const blobs = new Set([amd64, arm64].flatMap(({ layers }) => layers.map(({ digest }) => digest))).size + 2;
    expect(context.lines[0]).toMatch(new RegExp(`: ${blobs} blobs sent`));
    expect(blobs).toBe(amd64.layers.length + arm64.layers.length + 2 - 4); // babel, runtime, files, model.json
    expect(context.lines[1]).toBe(`verified: the registry has the index, 2 manifests and all ${blobs - 2} layers`);

    const again = buildContext();
    await openPublisher(registries).publish(both, at, again);
    expect(again.lines[0]).toMatch(/: 0 blobs sent/);

    const { digest } = rootOf(both);
    const signal = AbortSignal.timeout(100_000);
    for (const architecture of ["amd64", "arm64"] as const) {
      const pulled = await pullPlatformImage(
        client,
        { repository: at.path, digest },
        { os: "linux", architecture },
        signal,
      );
      expect(pulled.config.architecture).toBe(architecture);
      const found = new Map<number, number>();
      for (const layer of pulled.manifest.layers)
        await countMachines(await buffer(await pullBlob(client, at.path, layer.digest, signal)), found);
      expect([...found.keys()]).toEqual([machines[architecture]]);
      expect(found.get(machines[architecture])).toBeGreaterThan(50);
    }
    const tagged = await fetch(`http://${host}/v2/${at.path}/manifests/1.0.0`, {
      headers: { accept: "application/vnd.oci.image.index.v1+json" },
    });
    expect(tagged.headers.get("docker-content-digest")).toBe(digest);
  });

  it("is the same from another data directory by its locks, and is made at once where its runtimes are known", async () => {
    const made = await build(elsewhere, { platforms: [...platforms] }, locksOf(both));
    expect(rootOf(made.image).digest).toBe(rootOf(both).digest);
    expect(made.log).not.toContain("resolved");
    const resolved = await build(here, { platforms: [...platforms] });
    expect(documentsOf(resolved.image)).toEqual(documentsOf(both));
    expect(resolved.log.match(/: known/g)).toHaveLength(2);
    expect(resolved.log).not.toContain("fetch");
  });
});

describe("an image for one platform", () => {
  it("is a plain manifest, also for the other alone", async () => {
    for (const [index, platform] of platforms.entries()) {
      const { image } = await build(here, { platforms: [platform] }, locksOf(both)[index]);
      expect(image.index).toBeUndefined();
      expect(documentsOf(image)).toHaveLength(1);
      expect(rootOf(image).digest).toBe([amd64, arm64][index]?.digest);
    }
  });
});

describe("a package that cannot be made for both", () => {
  const faultOf = async (spec: object, lock: Lock | Lock[] | null = null): Promise<BuildFault> => {
    const fault = await build(here, { platforms: [...platforms], ...spec }, lock).catch((error: unknown) => error);
    if (!(fault instanceof BuildFault)) throw fault;
    expect(fault.message).not.toContain("\n");
    return fault;
  };

  it("names the requirement that has no wheel, and the platform", async () => {
    const fault = await faultOf({ requirements: ["tcmlib==1.6.0"] });
    expect(fault.code).toBe("requirements_unresolvable");
    expect(fault.message).toMatch(
      /^on linux\/arm64 the requirements cannot be satisfied: Because tcmlib==1\.6\.0 has no wheels .* unsatisfiable, and none is made of its sources, since nothing is run on linux\/arm64$/,
    );
  });

  it("is not installed by commands", async () => {
    const fault = await faultOf({ platforms: ["linux/arm64"], systemPackages: ["libpq5"] });
    expect([fault.code, fault.message]).toEqual([
      "platform_unavailable",
      "this package needs commands to be run, and they are run on linux/amd64 alone: take linux/arm64 out of platforms",
    ]);
  });

  it("keeps to a lock for each platform, or to none", async () => {
    const locks = locksOf(both);
    const [first, second] = locks as [Lock, Lock];
    for (const given of [first, [first], second, [...locks, first]]) {
      const fault = await faultOf({}, given);
      expect(fault.code).toBe("lock_unusable");
      expect(fault.message).toMatch(
        /^the lock is for linux\/.*, and the package for linux\/amd64 and linux\/arm64: give /,
      );
    }
    const alone = await faultOf({ platforms: ["linux/amd64"] }, locks);
    expect(alone.message).toMatch(/^the lock is for linux\/amd64 and linux\/arm64, and the package for linux\/amd64: /);
  });
});

/** Of each program and library in a layer, by what it says it is for. */
async function countMachines(layer: Buffer, found: Map<number, number>): Promise<void> {
  const tar = extract();
  tar.end(layer);
  for await (const entry of tar) {
    const bytes = await buffer(entry);
    if (bytes.length < 20 || bytes.toString("latin1", 0, 4) !== "\x7fELF") continue;
    const machine = bytes.readUInt16LE(18);
    found.set(machine, (found.get(machine) ?? 0) + 1);
  }
}
