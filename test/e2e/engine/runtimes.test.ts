import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { BuildFault, type BuiltImage } from "#core/images/image-builder.ts";
import { type DockerEngine, dockerEngine } from "#test/docker-engine.ts";
import { realModel } from "#test/real-models.ts";
import { describeImageBuilder } from "../../contracts/image-builder.ts";
import { checkImage } from "../../integration/images/check-image.ts";
import { buildContext, sealedVersion } from "../../integration/images/instance.ts";
import { builderOf, expectNothingLeftOf, leftForGood, newEngineInstance } from "./instance.ts";

const engine = dockerEngine();
const { files } = realModel("custom");

describe.skipIf(engine === null)("a runtime that has to be built by commands", async () => {
  const { docker } = engine as DockerEngine;
  const here = await newEngineInstance();
  const build = async (spec: object, version = "1.0.0"): Promise<BuiltImage & { lines: string[] }> => {
    const context = buildContext();
    const image = await here.builder.build(await sealedVersion(here, files, { spec, version }), context);
    return { ...image, lines: context.lines };
  };

  afterEach(() => expectNothingLeftOf(docker, here));

  it("brings system packages with what they need, and no shell, to a version; the next costs no engine", async () => {
    const spec = { requirements: ["Unidecode"], systemPackages: ["libglib2.0-0"] };
    const image = await build(spec);
    expect(image.builder).toEqual({
      name: "engine",
      why: "the system packages libglib2.0-0 are installed by commands",
    });
    expect(image.dockerfile).toMatch(/^FROM slipway-build-base:\S+ AS build\n/);
    const { layers } = await checkImage(image);
    expect(layers.map(({ layer }) => layer.kind)).toEqual([
      "base",
      "base",
      "dependencies",
      "dependencies",
      "runtime",
      "model",
      "model",
    ]);
    const paths = layers.flatMap(({ entries }) => entries.map(({ path }) => path));
    expect(paths).toEqual(expect.arrayContaining(["usr/lib/x86_64-linux-gnu/libglib-2.0.so.0"]));
    expect(paths.some((path) => path.endsWith("libpcre2-8.so.0"))).toBe(true);
    expect(paths.filter((path) => /(?:^|\/)bin\/(?:sh|bash|dash|apt|apt-get|dpkg|perl)$/.test(path))).toEqual([]);
    // A folder of that name would hide the link in bases that have one.
    expect(
      layers[1]?.entries.filter(({ path }) => /^(?:lib|lib64|bin|sbin|slipway|etc\/apt)(?:\/|$)/.test(path)),
    ).toEqual([]);
    expect(image.lock?.system?.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["libglib2.0-0", "libpcre2-8-0"]),
    );
    expect(image.lock?.system?.every(({ sha256 }) => /^[0-9a-f]{64}$/.test(sha256))).toBe(true);

    const away = builderOf(here, { engine: { host: "unix:///nowhere.sock" } });
    const context = buildContext();
    const next = await away.build(await sealedVersion(here, files, { spec, version: "1.1.0" }), context);
    expect(next.builder?.name).toBe("assembler");
    expect(next.layers.slice(0, 4)).toMatchObject(image.layers.slice(0, 4).map(({ digest }) => ({ digest })));
    const locked = { ...(await sealedVersion(here, files, { spec })), lock: image.lock };
    expect((await away.build(locked, buildContext())).digest).toBe(image.digest);
  }, 300_000);

  it("makes wheels of what the index has as sources alone, and says of what", async () => {
    const image = await build({ requirements: ["docopt==0.6.2"] });
    expect(image.builder).toEqual({
      name: "engine",
      why: "the index has no wheel of docopt, and making one runs commands",
    });
    expect(image.lock?.requirements.find(({ name }) => name === "docopt")).toMatchObject({
      wheel: "docopt-0.6.2-py2.py3-none-any.whl",
      sdist: {
        file: "docopt-0.6.2.tar.gz",
        sha256: "49b3a825280bd66b3aa83585ef59c4a8c82f2c8a522dbe754a8bc8d08c85c491",
      },
    });
    const { layers } = await checkImage(image);
    expect(layers.flatMap(({ entries }) => entries.map(({ path }) => path))).toContain(
      "opt/slipway/dependencies/docopt.py",
    );
  }, 300_000);

  it.each([
    [
      "a package that Debian has not",
      ["no-such-package-of-slipway"],
      "system_packages_unavailable",
      /Unable to locate package no-such-package-of-slipway/,
    ],
    [
      "a version that Debian has not",
      ["libglib2.0-0=99.*"],
      "system_packages_unavailable",
      /Version '99\.\*' for 'libglib2\.0-0' was not found/,
    ],
  ])(
    "says in one line why, where it asks for %s",
    async (_, systemPackages, code, reason) => {
      const fault = await build({ systemPackages }).catch((error: unknown) => error);
      expect(fault).toMatchObject({ code, message: expect.stringMatching(reason) });
      expect(fault).toBeInstanceOf(BuildFault);
      expect((fault as BuildFault).message).not.toContain("\n");
    },
    300_000,
  );

  it("is a part's fault where no engine answers", async () => {
    const away = builderOf(here, { engine: { host: "unix:///nowhere.sock" } });
    const request = await sealedVersion(here, files, { spec: { systemPackages: ["libpq5"] } });
    const fault = await away.build(request, buildContext()).catch((error: unknown) => error);
    expect(fault).not.toBeInstanceOf(BuildFault);
    expect((fault as Error).message).toMatch(
      /^no Docker Engine answers at unix:\/\/\/nowhere\.sock \(.*\), and this package needs one$/,
    );
  });

  const withPackages = (systemPackages: string[]) => (model: string, version: string) =>
    sealedVersion(here, files, { spec: { systemPackages }, model, version });
  describeImageBuilder("the engine, for a runtime that has to be built by commands", {
    builder: here.builder,
    scratchDir: join(here.folder, "scratch"),
    chosen: "engine",
    byEngine: false,
    good: withPackages(["libglib2.0-0"]),
    slow: () => withPackages(["libpq5"])("churn", "1.0.0"),
    bad: () => withPackages(["no-such-package-of-slipway"])("churn", "1.0.0"),
    leftovers: () => leftForGood(docker),
  });
});
