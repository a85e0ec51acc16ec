import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { removeAbandonedBases } from "#core/images/engine/build-base.ts";
import { keptLabel, labelsOf, newRun } from "#core/images/engine/labels.ts";
import { openEngine } from "#core/images/engine/open-engine.ts";
import { removeAbandonedRuns } from "#core/images/engine/remove-leftovers.ts";
import { BuildFault, type BuiltImage } from "#core/images/image-builder.ts";
import { type DockerEngine, dockerEngine } from "#test/docker-engine.ts";
import { smallEngine } from "#test/plain-network.ts";
import { shellImage } from "#test/shell-image.ts";
import { whenDone } from "#test/when-done.ts";
import { describeImageBuilder } from "../../contracts/image-builder.ts";
import { buildContext, sealedVersion } from "../../integration/images/instance.ts";
import {
  builderOf,
  expectNothingLeft,
  expectNothingLeftOf,
  leftForGood,
  leftovers,
  newEngineInstance,
} from "./instance.ts";

const engine = dockerEngine();
const server = { build: "dockerfile", serve: { port: 8000, health: "/health" } } as const;

describe.skipIf(engine === null)("a package's own Dockerfile", async () => {
  const { docker } = engine as DockerEngine;
  const shell = shellImage();
  const here = await newEngineInstance({
    limits: { memoryBytes: 128 * 1024 ** 2, diskBytes: 200 * 1024 ** 2, processes: 64, timeMs: 60_000 },
  });
  const build = async (
    lines: readonly string[],
    more: {
      files?: Record<string, string>;
      builder?: typeof here.builder;
      context?: ReturnType<typeof buildContext>;
    } = {},
  ): Promise<BuiltImage> => {
    const files = { Dockerfile: lines.join("\n"), "model/weights.bin": "0123456789", ...more.files };
    const request = await sealedVersion(here, files, { spec: server, metadata: {} });
    return (more.builder ?? here.builder).build(request, more.context ?? buildContext());
  };
  const faultOf = async (...arguments_: Parameters<typeof build>): Promise<BuildFault> => {
    const fault = await build(...arguments_).catch((error: unknown) => error);
    if (!(fault instanceof BuildFault)) throw fault;
    expect(fault.message).not.toContain("\n");
    return fault;
  };

  afterEach(() => expectNothingLeftOf(docker, here));

  it("is built in the version's files, and becomes an image that can be pushed, with nothing of ours in its files", async () => {
    const lines = [
      `FROM ${shell} AS first`,
      "COPY . /opt/model/",
      "RUN echo building; cat /opt/model/model/weights.bin",
      `FROM ${shell}`,
      "COPY --from=first /opt/model /opt/model",
      'USER 1000\nENV ZONE="a b"\nCMD ["/bin/sh"]',
    ];
    const context = buildContext();
    const image = await build(lines, { context, files: { ".dockerignore": "secret*\n", "secret.txt": "s3cret" } });
    expect(image.builder?.name).toBe("engine");
    expect(image.dockerfile).toBe(lines.join("\n"));
    expect(context.lines).toEqual(expect.arrayContaining(["building", "0123456789"]));
    const config = JSON.parse(image.config.toString());
    expect(config.config).toMatchObject({ User: "1000", Cmd: ["/bin/sh"], ExposedPorts: { "8000/tcp": {} } });
    expect(config.config.Labels).toMatchObject({ "org.opencontainers.image.title": "churn" });
    expect(JSON.stringify(config)).not.toContain("dev.slipway.build");
    let bytes = "";
    for (const layer of image.layers)
      for await (const chunk of await layer.open()) bytes += (chunk as Buffer).toString("latin1");
    expect(bytes).toContain("opt/model/model/weights.bin");
    expect(bytes).not.toMatch(/\.slipway-|s3cret/);
    await image.discard?.();
  });

  it.each([
    ["a step fails", ["RUN echo no such thing; exit 3"], "build_step_failed", /ended with 3: no such thing$/],
    [
      "its labels are ours in disguise",
      [
        "ENV RUN=dev.slipway.build-run UNTIL=dev.slipway.build-until",
        "LABEL $RUN=x $UNTIL=9000000000000000",
        "RUN exit 4",
      ],
      "build_step_failed",
      /ended with 4/,
    ],
    ["a file is missing", ["COPY nothing.txt /"], "build_step_failed", /nothing\.txt/],
    ["an instruction is unknown", ["RUNN x"], "dockerfile_refused", /RUNN/],
    ["the log has no end", ["RUN yes"], "build_limit_exceeded", /more than the 1000 lines/],
    ["the log is blank without end", ["RUN yes ''"], "build_limit_exceeded", /more than the 1000 lines/],
    ["a step eats memory", ["RUN tail /dev/zero"], "build_step_failed", /ended with 137 \(killed/],
    [
      "a step fills the disk",
      ["RUN dd if=/dev/zero of=/x bs=1M count=100000"],
      "build_limit_exceeded",
      /wrote more than|larger than/,
    ],
    ["root would run it", ['CMD ["/bin/sh"]'], "image_unusable", /it runs as root: end the Dockerfile with USER/],
    ["a name would run it", ["USER nobody", 'CMD ["/bin/sh"]'], "image_unusable", /it runs as "nobody"/],
  ])("ends in time, says why in one line, and leaves nothing, where %s", async (_, lines, code, reason) => {
    const fault = await faultOf([`FROM ${shell}`, ...lines]);
    expect([fault.code, fault.message]).toEqual([code, expect.stringMatching(reason)]);
  });

  it("is tried again where a step is killed, and not for its memory", async () => {
    const error = await build([`FROM ${shell}`, "RUN exit 137"]).catch((reason: unknown) => reason);
    expect(error).not.toBeInstanceOf(BuildFault);
    expect((error as Error).message).toMatch(/^a step was killed, and not for its memory \(its engine may/);
  });

  it("is ended in mid-step by its time", async () => {
    const lines = [`FROM ${shell}`, "RUN echo begun; sleep 100"];
    const short = builderOf(here, { limits: { timeMs: 3_000 } });
    const fault = await faultOf(lines, { builder: short });
    expect([fault.code, fault.message]).toEqual([
      "build_limit_exceeded",
      "the build took longer than the 3 s that it may",
    ]);
  });

  it("cannot fork without end", async () => {
    const short = builderOf(here, { limits: { processes: 16, timeMs: 30_000 } });
    const names = "echo ' ---> Running in 0123456789ab'; echo ' ---> Running in ba9876543210'";
    const bomb = [`RUN f() { sleep 30 & f; }; ${names}; sleep 2; f`];
    const fault = await faultOf([`FROM ${shell}`, ...bomb], { builder: short });
    expect(fault.message).toMatch(/ended with 2: .*[Cc]annot fork/);
  });

  it("is refused where it goes past what the operator allows", async () => {
    const off = builderOf(here, { engine: { ownDockerfiles: { allowed: false, bases: null } } });
    expect((await faultOf([`FROM ${shell}`], { builder: off })).code).toBe("dockerfile_refused");
    const listed = builderOf(here, { engine: { ownDockerfiles: { allowed: true, bases: ["python"] } } });
    expect((await faultOf([`FROM ${shell}`], { builder: listed })).message).toMatch(
      /is no image that this registry builds on/,
    );
    expect((await faultOf([`FROM ${shell}`, "ADD http://127.0.0.1/ /x"])).code).toBe("dockerfile_refused");
  });

  it("takes no image of another model, however its host is spelled", async () => {
    const { db } = here.needs;
    const model = { id: randomUUID(), name: "theirs", repository: "theirs", createdBy: "test" };
    await db.model.create({ data: model });
    for (const host of ["registry.example", "registry-1.docker.io"])
      await db.imageRepository.create({ data: { host, path: "ml/theirs", modelId: model.id } });
    for (const image of [
      "registry.example/ml/theirs",
      "Registry.Example:443/ml/theirs:1.0.0",
      `registry.example/ml/theirs:1.0.0@sha256:${"0".repeat(64)}`,
      "ml/theirs",
      "docker.io/ml/theirs:1.0.0",
    ])
      for (const lines of [[`FROM ${image}`], [`FROM ${shell}`, `COPY --from=${image} /models /models`]])
        expect(await faultOf(lines), image).toMatchObject({
          code: "dockerfile_refused",
          message: expect.stringContaining("no image for this model"),
        });
  });

  it.each([
    ["runs commands of its own", "ONBUILD RUN /bin/sh -c true", /commands of its own for a build/],
    ["declares volumes", "VOLUME /data", /declares volumes/],
    ["is the build base of other builds", `LABEL ${keptLabel}=x`, /that Slipway made for itself/],
  ])("is refused on an image that %s", async (_, change, reason) => {
    const base = shellImage(change);
    const fault = await faultOf([`FROM ${base}`, "RUN exit 3"]);
    expect([fault.code, fault.message]).toEqual(["dockerfile_refused", expect.stringMatching(reason)]);
  });

  it("is waited for where no engine answers", async () => {
    const away = builderOf(here, { engine: { host: "tcp://127.0.0.1:9" } });
    const error = await build([`FROM ${shell}`], { builder: away }).catch((reason: unknown) => reason);
    expect(error).not.toBeInstanceOf(BuildFault);
    expect((error as Error).message).toMatch(/^no Docker Engine answers at tcp:\/\/127\.0\.0\.1:9/);
  });

  it("is swept away when the worker that built it is gone and its time is over", async () => {
    const labels = Object.entries(labelsOf({ ...newRun(0), untilMs: Date.now() + 100_000 }));
    const words = labels.flatMap(([name, value]) => ["--label", `${name}=${value}`]);
    await docker("create", ...words, shell, "/bin/sh");
    const own = openEngine(smallEngine);
    await removeAbandonedRuns(own);
    expect(await leftovers(docker)).toHaveLength(1);
    await removeAbandonedRuns(own, Date.now() + 200_000);
    await expectNothingLeft(docker);
  });

  it("leaves no half-made build base, and takes no whole one", async () => {
    const names = ["making-test", "test"].map((tag) => `slipway-build-base:${tag}`);
    for (const name of names) {
      const base = shellImage(`LABEL ${keptLabel}=${name}`);
      await docker("tag", base, name);
      await docker("rmi", base);
    }
    whenDone(async () => void (await docker("rmi", "--force", ...names)));
    const own = openEngine(smallEngine);
    const there = async () => (await docker("images", "--format", "{{.Repository}}:{{.Tag}}")).split("\n");
    await removeAbandonedBases(own, Date.now());
    expect(await there()).toEqual(expect.arrayContaining(names));
    await removeAbandonedBases(own, Date.now() + 30 * 60_000);
    expect(await there()).toContain(names[1]);
    expect(await there()).not.toContain(names[0]);
  });

  const own = async (steps: readonly string[], more: { model?: string; version?: string } = {}) => {
    const dockerfile = [`FROM ${shell}`, "COPY . /opt/model", ...steps, 'USER 1000\nCMD ["/bin/sh"]'].join("\n");
    return sealedVersion(here, { Dockerfile: dockerfile, "weights.bin": "0123" }, { spec: server, ...more });
  };
  describeImageBuilder("the engine, of an own Dockerfile", {
    builder: here.builder,
    scratchDir: join(here.folder, "scratch"),
    chosen: "engine",
    byEngine: true,
    good: (model, version) => own(["RUN echo made"], { model, version }),
    slow: () => own(["RUN echo begun; sleep 100"]),
    bad: () => own(["RUN exit 3"]),
    leftovers: () => leftForGood(docker),
  });
});
