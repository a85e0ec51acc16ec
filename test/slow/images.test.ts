import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { unpackInto } from "#core/images/bases/unpack.ts";
import type { BuiltImage } from "#core/images/image-builder.ts";
import { runCommand } from "#core/images/run-command.ts";
import { describePackage } from "#core/packaging/describe-package.ts";
import { packageOf } from "#core/packaging/testing/package-of.ts";
import { expectSameAnswer } from "#test/expect-same-answer.ts";
import { realModel } from "#test/real-models.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { buildContext, newInstance, sealedVersion } from "../integration/images/instance.ts";

const limitMs = 600_000;
const here = await newInstance({ made: "all" });

it.each([
  ["moons-torchscript", "debian:bookworm+python3-torch", ['numpy<2 ; python_version < "3.12"'], []],
  ["houses-keras", "debian:bookworm", undefined, ["jax", "keras"]],
  ["moons-keras-h5", "debian:bookworm", undefined, ["jax", "keras"]],
  ["moods-savedmodel", "debian:bookworm", undefined, ["numpy", "tensorflow-cpu"]],
])(
  "the image of %s, by its seal alone, answers what the model answered in Python",
  async (name, base, constraints, frameworks) => {
    const model = realModel(`slow/${name}`);
    const { spec } = await describePackage(packageOf(model.files), { labels: {}, metadata: {} });
    expect(spec.constraints).toEqual(constraints);
    const image = await here.builder.build(await sealedVersion(here, model.files, { spec }), buildContext());
    expect(image.lock.base.source).toBe(base);
    expect(image.lock.requirements.map((locked) => locked.name)).toEqual(expect.arrayContaining(frameworks));
    const { Env } = JSON.parse(image.config.toString()).config;
    const libraries = "LD_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu/blas:/usr/lib/x86_64-linux-gnu/lapack";
    expect(Env.includes(libraries)).toBe(base.endsWith("torch"));
    const root = await laidOut(image);
    expect(readdirSync(join(root, "usr/bin")).filter((program) => !program.startsWith("python3"))).toEqual([]);
    for (const { request, predictions } of model.cases) {
      const { instances } = request as { instances?: unknown[] };
      if (instances !== undefined) expectSameAnswer(await batch(root, Env, instances), predictions);
    }
  },
  limitMs,
);

/** The image's layers over each other, as a container has them. */
async function laidOut({ layers }: BuiltImage): Promise<string> {
  const root = temporaryFolder();
  for (const layer of layers) await unpackInto(root, [await layer.open()], { signal: AbortSignal.timeout(limitMs) });
  for (const folder of ["dev", "proc", "tmp"]) mkdirSync(join(root, folder), { recursive: true });
  return root;
}

/** The image's own `slipway-runtime batch`, in a root of its own as in a container: a library of this machine is not there
 *  for one that the image lacks. */
async function batch(root: string, environment: string[], instances: unknown[]): Promise<unknown[]> {
  const [input, output] = ["/tmp/in.jsonl", "/tmp/out.jsonl"];
  writeFileSync(join(root, input), instances.map((instance) => `${JSON.stringify(instance)}\n`).join(""));
  const asUser = process.getuid?.() === 0 ? [] : ["--map-root-user"];
  const command = ["/opt/slipway/bin/slipway-runtime", "batch", "--input", input, "--output", output];
  const { exitCode, stderr } = await runCommand({
    file: "unshare",
    args: [...asUser, "--mount", "--pid", "--fork", "/bin/sh", "-c", ownRoot, "sh", root, ...command],
    environment: {
      ...Object.fromEntries(environment.map((variable) => variable.split(/=(.*)/s).slice(0, 2))),
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
    },
    signal: AbortSignal.timeout(limitMs),
    limitMs,
  });
  expect([exitCode, exitCode === 0 ? "" : stderr.slice(-2_000)]).toEqual([0, ""]);
  const lines = readFileSync(join(root, output), "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line).prediction);
}

const ownRoot = 'mount --rbind /dev "$1/dev" && mount -t proc proc "$1/proc" && exec chroot "$@"';
