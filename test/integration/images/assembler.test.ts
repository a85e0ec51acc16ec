import { randomBytes } from "node:crypto";
import { appendFile, cp, readdir } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { extract } from "tar-stream";
import { beforeAll, describe, expect, it } from "vitest";
import { SlipwayError } from "#core/errors.ts";
import { assembler } from "#core/images/assembler.ts";
import { BuildFault, type BuiltImage } from "#core/images/image-builder.ts";
import type { Lock } from "#core/images/lock.ts";
import { runtimeFolder as runtimeSource } from "#core/images/runtimes/runtime-source.ts";
import { pytestArchive } from "#core/proofs/bring-pytest.ts";
import { giveMade } from "#test/made-before.ts";
import { realModel } from "#test/real-models.ts";
import { describeImageBuilder } from "../../contracts/image-builder.ts";
import { checkImage } from "./check-image.ts";
import { buildContext, type Instance, newInstance, sealedVersion } from "./instance.ts";

const predictor = { "src/predictor.py": "class Predictor:\n    pass\n" };
const [here, elsewhere] = [await newInstance(), await newInstance()];
const { files } = realModel("custom");
const spec = { requirements: ["Unidecode"], environment: { ZONE: "b", LEVEL: "debug" } };
const sealed = (instance: Instance) => sealedVersion(instance, files, { spec, metadata: { commit: "3f2a" } });
let image: BuiltImage & { lock: Lock };
let first: ReturnType<typeof buildContext>;

beforeAll(async () => {
  first = buildContext();
  image = await here.builder.build(await sealed(here), first);
  await giveMade({ db: here.needs.db, artifactsDir: join(here.folder, "artifacts") });
}, 180_000);

describe("an assembled image", () => {
  it("is what it says it is, byte for byte", async () => {
    const { layers } = await checkImage(image);
    expect(layers.map(({ layer }) => layer.kind)).toEqual([
      "base",
      "dependencies",
      "dependencies",
      "runtime",
      "model",
      "model",
    ]);
    for (const { entries } of layers) {
      const paths = entries.map(({ path }) => path);
      expect(paths).toEqual([...new Set(paths)].sort());
      expect(entries.filter(({ type }) => !["file", "directory", "symlink"].includes(type))).toEqual([]);
      expect(
        entries.filter(
          ({ mode, type, path }) =>
            type !== "symlink" && ![0o644, 0o755].includes(mode) && path !== "tmp" && path !== "var/tmp",
        ),
      ).toEqual([]);
    }
  });

  it("has no shell, no package manager and nothing setuid, and a /tmp for everybody", async () => {
    const { layers } = await checkImage(image);
    const entries = layers.flatMap((layer) => layer.entries);
    const programs = entries.filter(({ path }) => /^(?:usr\/(?:local\/)?)?s?bin\//.test(path)).map(({ path }) => path);
    expect(programs).toEqual(["usr/bin/python3", "usr/bin/python3.11"]);
    expect(entries.find(({ path }) => path === "tmp")?.mode).toBe(0o1777);
    expect(entries.some(({ path }) => path === "etc/ssl/certs/ca-certificates.crt")).toBe(true);
  });

  it("holds the package's files as they are, below /opt/model, and links nothing", async () => {
    const { layers } = await checkImage(image);
    const model = layers.filter(({ layer }) => layer.kind === "model").flatMap(({ entries }) => entries);
    expect(model.filter(({ type }) => type === "symlink")).toEqual([]);
    expect(model.filter(({ path }) => !path.startsWith("opt/"))).toEqual([]);
    const inImage = model.filter(({ type, path }) => type === "file" && path.startsWith("opt/model/"));
    expect(inImage.map(({ path, sizeBytes }) => [path.slice("opt/model/".length), sizeBytes]).sort()).toEqual(
      Object.entries(files)
        .map(([path, bytes]) => [path, bytes.length])
        .sort(),
    );
  });

  it("tells the runtime what to serve", async () => {
    const last = image.layers.at(-1);
    const tar = extract();
    (await last?.open())?.pipe(tar);
    let description = "";
    for await (const entry of tar)
      if (entry.header.name === "opt/slipway/model.json") description = await text(entry);
      else entry.resume();
    expect(JSON.parse(description)).toMatchObject({
      model: "churn",
      version: "1.0.0",
      format: "python",
      metadata: { commit: "3f2a" },
    });
  });

  it("is run as design.md's contract says", async () => {
    const { config } = await checkImage(image);
    expect(config).toMatchObject({ architecture: "amd64", os: "linux", created: "1970-01-01T00:00:00Z" });
    expect(config.config).toMatchObject({
      User: "65532:65532",
      Cmd: ["slipway-runtime", "serve"],
      WorkingDir: "/opt/model",
      StopSignal: "SIGTERM",
      ExposedPorts: { "8000/tcp": {} },
      Healthcheck: { Test: ["CMD", "slipway-runtime", "health"] },
      Labels: {
        "org.opencontainers.image.title": "churn",
        "org.opencontainers.image.version": "1.0.0",
        "org.opencontainers.image.revision": "3f2a",
        "org.opencontainers.image.base.name": "debian:bookworm",
        "org.opencontainers.image.base.digest": image.lock.base.digest,
      },
    });
    expect(config.config?.Entrypoint).toBeUndefined();
    expect(config.config?.Env?.slice(-2)).toEqual(["LEVEL=debug", "ZONE=b"]);
  });

  it("comes with a lock of everything it was made of", () => {
    const { lock } = image;
    expect(lock).toMatchObject({
      schema: 1,
      platform: "linux/amd64",
      python: "3.11",
      base: { source: "debian:bookworm" },
    });
    expect(lock.base.packages.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["libc6", "python3.11-minimal", "tzdata"]),
    );
    expect(lock.requirements.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["starlette", "unidecode", "uvicorn"]),
    );
    expect(
      lock.requirements.every(({ wheel, sha256 }) => wheel.endsWith(".whl") && /^[0-9a-f]{64}$/.test(sha256)),
    ).toBe(true);
  });

  it("leaves a log that a person can follow, and no scratch files", async () => {
    expect(first.lines.join("\n")).toMatch(
      /fetching Debian packages\nbase debian:bookworm: Python 3\.11\.\d+, glibc 2\.36, \d+ Debian packages, .* MB in .* s\nresolved \d+ packages in .* s\nfetched \d+ packages in .* s\nuvloop .*\n\d+ small packages: .*\nruntime layer: .*\nruntime \w{12}: made in .* s$/,
    );
    expect(await readdir(join(here.folder, "scratch"))).toEqual([]);
  });
});

describe("the same package", () => {
  it("has the same digest from another data directory and database, by resolution and by lock", async () => {
    const context = buildContext();
    const locked = await elsewhere.builder.build({ ...(await sealed(elsewhere)), lock: image.lock }, context);
    expect(locked.digest).toBe(image.digest);
    expect(context.lines.join("\n")).not.toContain("resolved");
    const resolved = await elsewhere.builder.build(await sealed(elsewhere), buildContext());
    expect(resolved.lock).toEqual(image.lock);
    expect(resolved.digest).toBe(image.digest);
  }, 180_000);

  it("is made at once where its runtime is known, by requirements or by lock", async () => {
    for (const lock of [null, image.lock]) {
      const context = buildContext();
      expect((await here.builder.build({ ...(await sealed(here)), lock }, context)).digest).toBe(image.digest);
      expect(context.lines).toEqual([expect.stringMatching(/^runtime \w{12}: known, \d+ packages$/)]);
    }
  });

  it("shares one making of its runtime between builds of one moment", async () => {
    const requirements = ["Unidecode", "idna"];
    const contexts = [buildContext(), buildContext(), buildContext()];
    const request = await sealedVersion(here, files, { spec: { requirements } });
    const images = await Promise.all(contexts.map((context) => here.builder.build(request, context)));
    expect(new Set(images.map(({ digest }) => digest)).size).toBe(1);
    for (const { lines } of contexts) expect(lines.filter((line) => line.startsWith("resolved"))).toHaveLength(1);
    // By requirements twice, by lock once: both resolve to the same packages.
    expect(await here.needs.db.runtime.count()).toBe(3);
  });
});

describe("a large file", () => {
  const weights = randomBytes(9 * 1024 * 1024);

  it("is a layer of its own, the same in every version and for every model, and hashed once for each", async () => {
    const large = { ...files, "model/weights.bin": weights };
    const one = await here.builder.build(await sealedVersion(here, large, { spec }), buildContext());
    const other = await here.builder.build(
      await sealedVersion(here, { ...large, "notes.txt": "2" }, { spec, model: "other", version: "2.0.0" }),
      buildContext(),
    );
    const { layers } = await checkImage(one);
    const own = layers.find(({ entries }) => entries.some(({ path }) => path.endsWith("weights.bin")));
    expect(own?.entries.map(({ path }) => path)).toEqual([
      "opt/model",
      "opt/model/model",
      "opt/model/model/weights.bin",
    ]);
    expect(other.layers.map(({ digest }) => digest)).toContain(own?.layer.digest);
    const again = { ...large, "notes.txt": "3" };
    await here.builder.build(await sealedVersion(here, again, { spec, version: "1.1.0" }), buildContext());
    const kept = await here.needs.db.fileLayer.findMany({ orderBy: { path: "asc" } });
    expect(kept).toMatchObject([
      { path: "1:churn:opt/model/model/weights.bin", layerDigest: own?.layer.digest },
      { path: "1:other:opt/model/model/weights.bin", layerDigest: own?.layer.digest },
    ]);
    await checkImage(other);
  });
});

describe("a package that cannot be made", () => {
  const faultOf = async (spec: object, more: object = {}): Promise<BuildFault> => {
    const fault = await here.builder
      .build(await sealedVersion(here, predictor, { spec, ...more }), buildContext())
      .catch((error: unknown) => error);
    if (!(fault instanceof BuildFault)) throw fault;
    expect(fault.message).not.toContain("\n");
    return fault;
  };

  it("names both Pythons", async () => {
    const fault = await faultOf({ pythonMinor: "3.13" });
    expect(fault.code).toBe("python_unavailable");
    expect(fault.message).toMatch(/asks for Python 3\.13, and this registry has bases with Python 3\.11:/);
  });

  it.each([
    ["is not on the index", "no-such-package-of-slipway==1", /no-such-package-of-slipway was not found/],
    ["has no such version", "idna==99.0", /there is no version of idna==99\.0/],
    ["has no wheel", "pyspark==3.5.0", /pyspark==3\.5\.0 has no usable wheels/],
    ["contradicts another", "starlette<0.1", /starlette/],
  ])("says in one line why, where a requirement %s", async (_, requirement, reason) => {
    const fault = await faultOf({ requirements: [requirement] });
    expect(fault.code).toBe("requirements_unresolvable");
    expect(fault.message).toMatch(reason);
  });

  it("keeps to a lock or refuses it, and says what differs", async () => {
    const { lock } = image;
    const other = `sha256:${"0".repeat(64)}` as const;
    const packages = lock.base.packages.map((entry) =>
      entry.name === "tzdata" ? { ...entry, version: "1999a" } : entry,
    );
    const refused = async (changed: object, spec: object = {}) => {
      const fault = await faultOf({ requirements: ["Unidecode"], ...spec }, { lock: { ...lock, ...changed } });
      expect(fault.code).toBe("lock_unusable");
      return fault.message;
    };
    expect(await refused({ base: { ...lock.base, digest: other, packages } })).toMatch(
      /^the lock names the base debian:bookworm sha256:0{12}, and this registry's base is debian:bookworm sha256:\w{12} \(tzdata 1999a is .* here\)/,
    );
    expect(await refused({ runtime: { version: "0.0.1", digest: other } })).toMatch(
      /names the Slipway runtime 0\.0\.1/,
    );
    expect(await refused({ platform: "linux/arm64" })).toMatch(/is for linux\/arm64/);
    expect(await refused({}, { requirements: ["numpy"] })).toMatch(/the lock has no numpy/);
    const forged = lock.requirements.map((entry) =>
      entry.name === "idna" ? { ...entry, sha256: "0".repeat(64) } : entry,
    );
    expect(await refused({ requirements: forged })).toMatch(/the lock cannot be installed: .*idna/);
  });
});

const scratchDir = join(here.folder, "scratch");
describeImageBuilder("the assembler", {
  builder: here.builder,
  scratchDir,
  chosen: "assembler",
  byEngine: false,
  good: (model, version) => sealedVersion(here, files, { spec, model, version }),
  slow: () => sealedVersion(here, predictor, { spec: { requirements: ["numpy", "scipy"] } }),
  bad: () => sealedVersion(here, predictor, { spec: { pythonMinor: "3.13" } }),
  leftovers: async () => [],
});

describe("a lock whose base and runtime are kept", () => {
  it("makes the very image again after both have become others, also under another name of the model", async () => {
    const runtimeFolder = join(here.folder, "runtime");
    await cp(runtimeSource, runtimeFolder, { recursive: true });
    await appendFile(join(runtimeFolder, "pyproject.toml"), "# of a later Slipway\n");
    const nothing = async () => {
      throw new Error("nothing is made");
    };
    const later = assembler({
      ...here.needs,
      bases: [{ python: null, source: () => ({ name: "another base", make: nothing }) }],
      uv: { file: "/nowhere/uv", cacheDir: join(here.folder, "uv"), environment: {}, torchIndex: null },
      steps: null,
      wheels: { slim: false, cacheBytes: 0 },
      scratchDir: join(here.folder, "scratch"),
      cacheDir: join(here.folder, "cache"),
      runtimeFolder,
    });
    const request = { ...(await sealed(here)), lock: image.lock };
    expect((await later.build(request, buildContext())).digest).toBe(image.digest);
    const renamed = { ...request, model: "renamed" };
    expect((await later.build({ ...renamed, madeAs: "churn" }, buildContext())).digest).toBe(image.digest);
    expect((await later.build(renamed, buildContext())).digest).not.toBe(image.digest);
    await expect(later.build({ ...request, lock: null }, buildContext())).rejects.toThrow("nothing is made");
  });
});

describe("a part that fails", () => {
  it("is not taken for the package's fault: an index that does not answer", async () => {
    const offline = await newInstance({
      environment: { UV_DEFAULT_INDEX: "http://name:secret@127.0.0.1:9/simple", UV_HTTP_RETRIES: "0" },
    });
    await takeBase(here, offline);
    const context = buildContext();
    const error = await offline.builder.build(await sealed(offline), context).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(BuildFault);
    expect(error).not.toBeInstanceOf(SlipwayError);
    expect((error as Error).message).toMatch(/^uv could not resolve the requirements: .*127\.0\.0\.1:9/);
    expect(`${(error as Error).message}\n${context.lines.join("\n")}`).not.toContain("secret");
    expect(await readdir(join(offline.folder, "scratch"))).toEqual([]);
  });

  it("is named: a tool that is not installed", async () => {
    const bare = await newInstance({ uv: "/nowhere/uv" });
    await takeBase(here, bare);
    await expect(bare.builder.build(await sealed(bare), buildContext())).rejects.toThrow(
      "/nowhere/uv is not installed",
    );
  });
});

it("pytest is brought with all that it needs in any Python from 3.9 on, and nothing that is compiled", async () => {
  const archive = await pytestArchive(here.builder, new AbortController().signal);
  const needed: string[] = [];
  const paths: string[] = [];
  for await (const entry of archive.pipe(extract())) {
    const { name } = entry.header;
    paths.push(name);
    if (name.endsWith("/METADATA")) needed.push(/^Requires-Python: (.*)$/m.exec(await text(entry))?.[1] ?? name);
    else entry.resume();
  }
  expect(paths).toEqual(
    expect.arrayContaining(["pytest", "exceptiongroup", "tomli"].map((name) => `packages/${name}/__init__.py`)),
  );
  expect(needed.filter((python) => !/^>=3\.[0-9]$/.test(python))).toEqual([]);
  expect(paths.filter((path) => path.endsWith(".so"))).toEqual([]);
});

/** Spares an instance the making of a base that another already has. */
async function takeBase(from: Instance, to: Instance): Promise<void> {
  const base = await from.needs.db.base.findFirstOrThrow();
  await to.needs.db.base.create({ data: { source: base.source, record: base.record ?? {} } });
  const { layers } = base.record as unknown as { layers: { digest: string }[] };
  for (const { digest } of layers) {
    const blob = await from.needs.db.blob.findUniqueOrThrow({ where: { digest } });
    const { sizeBytes } = await to.needs.blobs.put(blob.key as never, await from.needs.blobs.open(blob.key as never));
    await to.needs.db.blob.create({ data: { digest, key: blob.key, sizeBytes } });
  }
}
