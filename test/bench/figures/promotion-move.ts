import { rmSync } from "node:fs";
import { join } from "node:path";
import { registryToolPath } from "#standalone/setup/registry-tools.mjs";
import { commandOutput, secondsOf } from "../command.ts";
import type { Bench, Figure } from "../figure.ts";
import { createModel, draftSmallModel, imageReference } from "../packages.ts";
import { openEngine } from "../peers/docker-engine.ts";
import { registryTools } from "../peers/registry-tools.ts";
import { percentile } from "../percentile.ts";
import { limitRow, missingRow, type Row, ratioRow } from "../rows.ts";
import { type Slipway, sealToReady, startSlipway } from "../slipway.ts";

const moves = 200;
const warmMoves = 20;
const lookEveryMs = 3;
const versions = ["1.0.0", "1.1.0"] as const;
const title = "a tag moved, in database and registry";

/** From the request to the registry's answer with the new digest; beside the ways without Slipway, which move the registry's
 *  tag alone. */
export const promotionMove: Figure = {
  name: "promotion-move",
  async measure(bench) {
    const dataDir = join(bench.folder, "promotion-move");
    const slipway = await startSlipway(bench, dataDir);
    try {
      await createModel(slipway, "churn");
      const images: string[] = [];
      for (const version of versions) {
        await draftSmallModel(slipway, "churn", version);
        await sealToReady(slipway, "churn", version);
        images.push(await imageReference(slipway, "churn", version));
      }
      for (let move = 0; move < warmMoves; move++) await moveTag(slipway, images, move);
      const [answered, inRegistry]: [number[], number[]] = [[], []];
      for (let move = 0; move < moves; move++) {
        const took = await moveTag(slipway, images, move);
        answered.push(took.answeredMs);
        inRegistry.push(took.inRegistryMs);
      }
      const row = (figure: string, values: number[], share: number, atMost: number | null): Row =>
        limitRow(figure, { unit: "ms", values: [percentile(values, share)] }, atMost === null ? null : { atMost });
      return [
        row(`${title}, median`, inRegistry, 50, 20),
        row("its 99th percentile", inRegistry, 99, null),
        row("until the answer, median", answered, 50, null),
        row("its 99th percentile", answered, 99, null),
        ...(await besideDocker(bench, slipway, images)),
        ...(await besideCrane(bench, slipway, images)),
      ];
    } finally {
      await slipway.stop();
      rmSync(dataDir, { recursive: true, force: true });
    }
  },
};

async function moveTag(
  slipway: Slipway,
  images: readonly string[],
  move: number,
): Promise<{ answeredMs: number; inRegistryMs: number }> {
  const which = move % versions.length;
  const [repository = "", digest] = images[which]?.split("@") ?? [];
  const url = `http://${repository.replace("/", "/v2/")}/manifests/prod`;
  const started = performance.now();
  await slipway.client.send("PUT", "/v1/models/churn/tags/prod", { version: versions[which] });
  const answeredMs = performance.now() - started;
  while ((await tagIn(url)) !== digest) await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  return { answeredMs, inRegistryMs: performance.now() - started };
}

async function tagIn(url: string): Promise<string | null> {
  const accept = "application/vnd.oci.image.manifest.v1+json";
  return (await fetch(url, { method: "HEAD", headers: { accept } })).headers.get("docker-content-digest");
}

/** Both images are in the engine already: what is pulled and pushed is known on both sides. */
async function besideDocker(bench: Bench, slipway: Slipway, images: readonly string[]): Promise<Row[]> {
  const engine = await openEngine(bench);
  if ("why" in engine) return [missingRow(title, engine.why)];
  const docker = (...args: string[]) => commandOutput("docker", args);
  const tag = `${images[0]?.split("@")[0]}:by-docker`;
  try {
    for (const [index, image] of images.entries()) await engine.pull(image, `slipway-bench-promotion:${index}`);
    await docker("tag", images[0] ?? "", tag);
    await docker("push", "--quiet", tag);
    return [
      await beside(bench, slipway, images, "docker pull, tag and push, warm", 5, async (image) => {
        await docker("pull", "--quiet", image);
        await docker("tag", image, tag);
        await docker("push", "--quiet", tag);
      }),
    ];
  } finally {
    await docker("image", "rm", tag).catch(bench.say);
    await engine.close();
  }
}

async function besideCrane(bench: Bench, slipway: Slipway, images: readonly string[]): Promise<Row[]> {
  if (!registryTools().includes("crane")) return [missingRow(title, "crane could not be made")];
  return [
    await beside(bench, slipway, images, "crane tag", null, async (image) => {
      await commandOutput(registryToolPath("crane"), ["tag", "--insecure", image, "by-crane"]);
    }),
  ];
}

async function beside(
  bench: Bench,
  slipway: Slipway,
  images: readonly string[],
  otherName: string,
  atLeast: number | null,
  other: (image: string) => Promise<void>,
): Promise<Row> {
  const pairs: { ours: number; theirs: number }[] = [];
  const count = 10 * bench.runs;
  for (let pair = 0; pair < count; pair++) {
    const { inRegistryMs } = await moveTag(slipway, images, pair);
    const theirs = 1_000 * (await secondsOf(() => other(images[pair % images.length] ?? "")));
    pairs.push({ ours: inRegistryMs, theirs });
  }
  return ratioRow(title, {
    slipway: { unit: "ms", values: pairs.map(({ ours }) => ours) },
    otherName,
    other: { unit: "ms", values: pairs.map(({ theirs }) => theirs) },
    ratio: "other / slipway",
    goal: atLeast === null ? null : { atLeast },
  });
}
