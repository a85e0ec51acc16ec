import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runBasePython } from "#core/images/bases/base-python.ts";
import { unpackInto } from "#core/images/bases/unpack.ts";
import type { BuiltImage } from "#core/images/image-builder.ts";
import { describePackage } from "#core/packaging/describe-package.ts";
import { packageOf } from "#core/packaging/testing/package-of.ts";
import { expectSameAnswer } from "#test/expect-same-answer.ts";
import { realModel } from "#test/real-models.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { buildContext, newInstance, sealedVersion } from "../integration/images/instance.ts";

const limitMs = 600_000;
const here = await newInstance({ made: "all" });

it.each([
  ["moons-torchscript", "debian:bookworm+python3-torch", ["numpy<2"], []],
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
      if (instances !== undefined) expectSameAnswer(await batch(root, instances), predictions);
    }
  },
  limitMs,
);

/** The image's layers over each other, as a container has them. */
async function laidOut({ layers }: BuiltImage): Promise<string> {
  const root = temporaryFolder();
  for (const layer of layers) await unpackInto(root, [await layer.open()], { signal: AbortSignal.timeout(limitMs) });
  mkdirSync(join(root, "tmp"), { recursive: true });
  return root;
}

/** `slipway-runtime batch` by the image's own Python, with no engine between. */
async function batch(root: string, instances: unknown[]): Promise<unknown[]> {
  const [input, output] = [join(root, "tmp/in.jsonl"), join(root, "tmp/out.jsonl")];
  writeFileSync(input, instances.map((instance) => `${JSON.stringify(instance)}\n`).join(""));
  const ended = await runBasePython({
    root,
    pythonPath: "/usr/bin/python3",
    args: ["-c", run, root, input, output],
    signal: AbortSignal.timeout(limitMs),
    limitMs,
  });
  expect([ended.exitCode, ended.exitCode === 0 ? "" : ended.stderr.slice(-2_000)]).toEqual([0, ""]);
  const lines = readFileSync(output, "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line).prediction);
}

const run = `import os, site, sys
root, source, target = sys.argv[1:]
os.environ.update(MODEL_PATH=f"{root}/opt/model", SLIPWAY_MODEL_FILE=f"{root}/opt/slipway/model.json", HOME="/nonexistent")
sys.path[:0] = [f"{root}/opt/slipway/runtime", f"{root}/opt/slipway/dependencies"]
sys.path.append(f"{root}/usr/lib/python3/dist-packages")
site.addsitedir(f"{root}/opt/slipway/dependencies")
from slipway_runtime.__main__ import main
sys.exit(main(["batch", "--input", source, "--output", target]))
`;
