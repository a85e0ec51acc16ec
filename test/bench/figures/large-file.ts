import { rmSync } from "node:fs";
import { join } from "node:path";
import { settle } from "../command.ts";
import type { Bench, Figure } from "../figure.ts";
import { createModel, draftLargeModel, draftSmallModel } from "../packages.ts";
import { type Engine, fileContext, openEngine } from "../peers/docker-engine.ts";
import { pushByCurl } from "../peers/push-by-curl.ts";
import { makeNew, makeRandomFile } from "../random-file.ts";
import { limitRow, missingRow, type Row, ratioRow } from "../rows.ts";
import { type Slipway, sealToReady, startSlipway } from "../slipway.ts";

const sizeBytes = 1024 ** 3;
/** Asking more often would cost the machine as much as the work that is waited for. */
const longPollMs = 100;

/** A version with a large file that nobody has seen, and the next one that has the same file. */
export const largeFile: Figure = {
  name: "large-file",
  async measure(bench) {
    const slipway = await startSlipway(bench, join(bench.folder, "large"));
    const engine = await openEngine(bench);
    const path = join(bench.folder, "weights.bin");
    try {
      await makeRandomFile(path, sizeBytes);
      await makeRuntimeKnown(slipway);
      return rowsOf(await measureSides(bench, slipway, "why" in engine ? null : engine, path), engine);
    } finally {
      rmSync(path, { force: true });
      if (!("why" in engine)) await engine.close();
      await slipway.stop();
    }
  },
};

async function makeRuntimeKnown(slipway: Slipway): Promise<void> {
  await createModel(slipway, "large");
  await createModel(slipway, "churn");
  await draftSmallModel(slipway, "churn", "0.1.0");
  await sealToReady(slipway, "churn", "0.1.0");
}

interface Sides {
  first: number[];
  second: number[];
  curl: number[];
  docker: number[];
}

/** Each side gets bytes of its own: a registry that has them already would answer at once. */
async function measureSides(bench: Bench, slipway: Slipway, engine: Engine | null, path: string): Promise<Sides> {
  const seconds: Sides = { first: [], second: [], curl: [], docker: [] };
  // A predictor alone wants another runtime than scikit-learn: made once, before the clock runs.
  await makeNew(path);
  await draftLargeModel(slipway, "large", "0.1.0", path);
  await sealToReady(slipway, "large", "0.1.0");
  for (let run = 0; run < bench.runs; run++) {
    await makeNew(path);
    await draftLargeModel(slipway, "large", `1.${run}.0`, path);
    await settle();
    seconds.first.push(await sealToReady(slipway, "large", `1.${run}.0`, longPollMs));

    await draftLargeModel(slipway, "large", `1.${run}.1`, path);
    await settle();
    seconds.second.push(await sealToReady(slipway, "large", `1.${run}.1`));

    await makeNew(path);
    await settle();
    seconds.curl.push(await pushByCurl(slipway.registryHost, `bench/curl-${run}`, path));

    if (engine === null) continue;
    await makeNew(path);
    await settle();
    const context = fileContext(bench, "scratch", path);
    seconds.docker.push(await engine.buildAndPush(`${slipway.registryHost}/bench/docker-${run}:1`, context));
  }
  return seconds;
}

function rowsOf({ first, second, curl, docker }: Sides, engine: Engine | { why: string }): Row[] {
  const figure = "seal → ready, new file of 1 GiB";
  const slipway = { unit: "s", values: first } as const;
  return [
    ratioRow(figure, {
      slipway,
      otherName: "curl -T to the same registry",
      other: { unit: "s", values: curl },
      ratio: "slipway / other",
      goal: { atMost: 1.5 },
    }),
    "why" in engine
      ? missingRow(`${figure}, against docker build + push`, engine.why)
      : ratioRow(figure, {
          slipway,
          otherName: "docker build + push",
          other: { unit: "s", values: docker },
          ratio: "other / slipway",
          goal: { atLeast: 4 },
        }),
    limitRow("seal → ready, a second version with the same file", { unit: "s", values: second }, { atMost: 0.5 }),
  ];
}
