import { text } from "node:stream/consumers";
import { extract } from "tar-stream";
import { describe, expect, it } from "vitest";
import type { BuiltImage, Layer } from "#core/images/image-builder.ts";
import type { Lock } from "#core/images/lock.ts";
import { findingsOf } from "#test/verified.ts";
import { buildContext, type Instance, newInstance, sealedVersion } from "./instance.ts";

const files = { "src/predictor.py": "class Predictor:\n    pass\n" };

const here = await newInstance({ made: "base" });

async function build(
  { builder, needs }: Instance,
  requirements: string[],
  lock: Lock | null = null,
): Promise<{ image: BuiltImage & { lock: Lock }; log: string }> {
  const context = buildContext();
  const request = await sealedVersion({ needs }, files, { spec: { requirements } });
  const image = await builder.build({ ...request, lock }, context);
  return { image, log: context.lines.join("\n") };
}

const dependencies = ({ layers }: BuiltImage): Layer[] => layers.filter(({ kind }) => kind === "dependencies");

/** Paths below the folder of dependencies, of files alone. */
async function pathsIn(layer: Layer): Promise<string[]> {
  const paths: string[] = [];
  for await (const entry of (await layer.open()).pipe(extract())) {
    if (entry.header.type === "file") paths.push(entry.header.name.replace("opt/slipway/dependencies/", ""));
    entry.resume();
  }
  return paths;
}

/** The layer that holds the package, and no other does. */
async function layerOf(image: BuiltImage, name: string): Promise<Layer> {
  const holding: Layer[] = [];
  for (const layer of dependencies(image))
    if ((await pathsIn(layer)).some((path) => path.startsWith(`${name}/`))) holding.push(layer);
  expect(holding).toHaveLength(1);
  return holding[0] as Layer;
}

/** Of which every image has some: uvloop is 14 MB. */
describe("the wheels of an image", () => {
  it("have a layer each where they are large, the same beside whatever others, and are laid out once", async () => {
    const first = await build(here, ["Unidecode==1.4.0"]);
    const other = await build(here, ["idna==3.10"]);
    const uvloop = await layerOf(first.image, "uvloop");
    expect(await layerOf(other.image, "uvloop")).toMatchObject({ digest: uvloop.digest });
    expect((await pathsIn(uvloop)).filter((path) => !/^uvloop(?:\.libs)?[/-]/.test(path))).toEqual([]);
    expect((await layerOf(first.image, "unidecode")).digest).not.toBe((await layerOf(other.image, "idna")).digest);
    expect(first.log).toMatch(/^uvloop \S+: .*bytecode/m);
    expect(other.log).toMatch(/^uvloop \S+: known, /m);
    expect(other.log).not.toMatch(/^uvloop \S+: .*bytecode/m);
    expect(await findingsOf(here.needs)).toEqual([]);

    const unknown = await build(await newInstance({ made: "base" }), ["idna==3.10"], other.image.lock);
    expect(unknown.log).toMatch(/^uvloop \S+: .*bytecode/m);
    expect(unknown.image.digest).toBe(other.image.digest);
  });

  it("overlap in no file, and are all there: what RECORD lists, and bytecode for it", async () => {
    const { image } = await build(here, ["idna==3.10"]);
    const all = (await Promise.all(dependencies(image).map(pathsIn))).flat();
    expect(all.length).toBe(new Set(all).size);
    expect(all).toContain("uvloop/__pycache__/__init__.cpython-311.pyc");
    const listed: string[] = [];
    for (const layer of dependencies(image))
      for await (const entry of (await layer.open()).pipe(extract()))
        if (entry.header.name.endsWith(".dist-info/RECORD"))
          listed.push(...(await text(entry)).split("\n").map((line) => line.split(",", 1)[0] ?? ""));
        else entry.resume();
    const paths = listed.filter((path) => path !== "");
    expect(paths.length).toBeGreaterThan(200);
    expect(paths.filter((path) => !all.includes(path))).toEqual([]);
  });

  it("come without tests, headers and static libraries where the operator says so, and a lock says it on", async () => {
    const slim = await newInstance({ made: "base", wheels: { slim: true, cacheBytes: 20 * 1024 ** 3 } });
    const one = await build(slim, ["numpy==2.2.6"]);
    const other = await build(here, ["numpy==2.2.6"]);
    expect(one.log).toMatch(/^left out \d+(?:\.\d+)? MB of tests, headers and static libraries$/m);
    // numpy.testing takes a module of numpy._core.tests.
    const needless = /^numpy\/(?!_core\/tests\/)(?:.*\/)?tests\/|\.(?:h|a)$/;
    expect((await pathsIn(await layerOf(other.image, "numpy"))).some((path) => needless.test(path))).toBe(true);
    expect((await pathsIn(await layerOf(one.image, "numpy"))).filter((path) => needless.test(path))).toEqual([]);
    expect(await pathsIn(await layerOf(one.image, "numpy"))).toContain("numpy/_core/tests/_natype.py");
    expect(one.image.lock.slim).toBe(true);
    expect(other.image.lock.slim).toBeUndefined();
    const again = await build(here, ["numpy==2.2.6"], one.image.lock);
    expect(again.image.digest).toBe(one.image.digest);
  });

  it("are forgotten by the cache when they take more than it may", async () => {
    const small = await newInstance({ made: "base", wheels: { slim: false, cacheBytes: 0 } });
    const { log } = await build(small, ["Unidecode==1.4.0"]);
    expect(log).toMatch(/^the cache of wheels took .* MB of 0\.00 MB: 0\.00 MB are left$/m);
    await build(small, ["Unidecode==1.3.8"]); // and are fetched again
  });
});
