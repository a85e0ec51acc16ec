import { rmSync } from "node:fs";
import { join } from "node:path";
import { settle } from "../command.ts";
import { type Cost, costOfCommands, costOfSlipway, seriesOf } from "../cost.ts";
import type { Bench, Figure } from "../figure.ts";
import { createModel, draftLargeModel, imageReference } from "../packages.ts";
import { type Engine, fileContext, openEngine } from "../peers/docker-engine.ts";
import { pushByCurl } from "../peers/push-by-curl.ts";
import { appendByCrane, pushByOras, registryTools } from "../peers/registry-tools.ts";
import { makeNew, makeRandomFile, sizeInWords } from "../random-file.ts";
import { type Goal, limitRow, missingRow, type Row, ratioRow } from "../rows.ts";
import { type Slipway, sealToReady, startSlipway } from "../slipway.ts";

/** Of what is measured: asking more often would cost the machine as much as the work that is waited for. */
const pollMs = 50;
/** One round with a file so much smaller comes first and does not count. */
const warmUpShare = 16;

const ways = ["slipway", "curl", "oras", "crane", "docker"] as const;
type Way = (typeof ways)[number];
const names: Record<Exclude<Way, "slipway">, string> = {
  curl: "curl -T to the same registry",
  oras: "oras push",
  crane: "crane append",
  docker: "docker build + push",
};

/** How each way brings the file at `path` into the registry, as a repository's image of this number. */
type Deeds = Partial<Record<Way, (path: string, number: number) => Promise<Cost>>>;

/** A version with a large file that nobody has seen, its base and its runtime known; and the same bytes by other ways. */
export const imagesNew: Figure = {
  name: "images-new",
  async measure(bench) {
    const dataDir = join(bench.folder, "images-new");
    const path = join(bench.folder, "weights.bin");
    const slipway = await startSlipway(bench, dataDir);
    const engine = await openEngine(bench);
    try {
      const deeds = await deedsOf(bench, slipway, "why" in engine ? null : engine, path);
      await makeRandomFile(path, Math.ceil(bench.fileBytes / warmUpShare));
      await measureRound(bench, deeds, path, 0);
      await makeRandomFile(path, bench.fileBytes);
      const rounds: Partial<Record<Way, Cost>>[] = [];
      for (let run = 1; run <= bench.runs; run++) rounds.push(await measureRound(bench, deeds, path, run));
      const costs = (way: Way) => rounds.flatMap(({ [way]: cost }) => (cost === undefined ? [] : [cost]));
      return rowsOf(bench, costs, "why" in engine ? engine.why : "");
    } finally {
      if (!("why" in engine)) await engine.close();
      await slipway.stop();
      rmSync(path, { force: true });
      rmSync(dataDir, { recursive: true, force: true });
    }
  },
};

/** A version with next to nothing in it comes first: its image is what crane and the engine lay the file upon. */
async function deedsOf(bench: Bench, slipway: Slipway, engine: Engine | null, path: string): Promise<Deeds> {
  const model = "large";
  await createModel(slipway, model);
  await makeRandomFile(path, 1_024);
  await draftLargeModel(slipway, model, "0.0.0", path);
  await sealToReady(slipway, model, "0.0.0", pollMs);
  const base = await imageReference(slipway, model, "0.0.0");
  const host = slipway.registryHost;
  const tools = registryTools();
  const baseInEngine = `slipway-bench-new:${process.pid}`;
  await engine?.pull(base, baseInEngine);
  return {
    async slipway(file, number) {
      await draftLargeModel(slipway, model, `1.${number}.0`, file);
      await settle();
      return costOfSlipway(slipway, () => sealToReady(slipway, model, `1.${number}.0`, pollMs));
    },
    curl: (file, number) => costOfCommands(slipway, () => pushByCurl(host, `bench/curl-${number}`, file)),
    ...(tools.includes("oras") && {
      oras: (file, number) => costOfCommands(slipway, () => pushByOras(host, `bench/oras-${number}`, [file])),
    }),
    ...(tools.includes("crane") && {
      crane: (file, number) => costOfCommands(slipway, () => appendByCrane(host, `bench/crane-${number}`, file, base)),
    }),
    ...(engine !== null && {
      docker: (file, number) =>
        costOfCommands(slipway, () =>
          engine.buildAndPush(`${host}/bench/docker-${number}:1`, fileContext(bench, baseInEngine, file)),
        ),
    }),
  };
}

/** Each way gets bytes of its own: a registry that has them already would answer at once. */
async function measureRound(
  bench: Bench,
  deeds: Deeds,
  path: string,
  number: number,
): Promise<Partial<Record<Way, Cost>>> {
  const costs: Partial<Record<Way, Cost>> = {};
  for (const way of ways) {
    const deed = deeds[way];
    if (deed === undefined) continue;
    await makeNew(path);
    await settle();
    const cost = await deed(path, number);
    const what = number === 0 ? "warm-up" : `run ${number}`;
    bench.say(`  ${what}, ${way}: ${cost.seconds.toFixed(2)} s, ${cost.cpuSeconds.toFixed(2)} s of CPU`);
    costs[way] = cost;
  }
  return costs;
}

function rowsOf({ fileBytes }: Bench, costs: (way: Way) => Cost[], whyNoEngine: string): Row[] {
  const figure = `seal → ready, new file of ${sizeInWords(fileBytes)}`;
  const slipway = costs("slipway");
  const against = (
    way: keyof typeof names,
    what: keyof Cost,
    words: string,
    goal: { ratio: "slipway / other" | "other / slipway"; goal: Goal | null },
  ): Row => {
    const other = costs(way);
    if (other.length === 0)
      return missingRow(
        `${words}, against ${names[way]}`,
        way === "docker" ? whyNoEngine : "the set-up could not make it",
      );
    const sides = { slipway: seriesOf(slipway, what), other: seriesOf(other, what), otherName: names[way] };
    return ratioRow(words, { ...sides, ...goal });
  };
  const ahead = { ratio: "other / slipway", goal: { atLeast: 1 } } as const;
  const cpu = { ratio: "slipway / other", goal: null } as const;
  return [
    against("curl", "seconds", figure, { ratio: "slipway / other", goal: { atMost: 1.1 } }),
    against("docker", "seconds", figure, { ratio: "other / slipway", goal: { atLeast: 5 } }),
    against("oras", "seconds", figure, ahead),
    against("crane", "seconds", figure, ahead),
    missingRow(`${figure}, against kit and modctl`, "their modules cannot be installed by go install"),
    ...(["curl", "oras", "crane"] as const).map((way) => against(way, "cpuSeconds", "its CPU, api and worker", cpu)),
    ...(["curl", "oras", "crane"] as const).map((way) =>
      against(way, "registryCpuSeconds", "the registry's CPU meanwhile", cpu),
    ),
    limitRow(
      "CPU of api and worker, a GiB",
      { unit: "s", values: slipway.map(({ cpuSeconds }) => (cpuSeconds * 1024 ** 3) / fileBytes) },
      null,
    ),
  ];
}
