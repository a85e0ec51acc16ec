import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Bench, Figure } from "../figure.ts";
import { type Load, load } from "../load.ts";
import {
  bareModel,
  fastapiServer,
  frameworks,
  type ModelName,
  type ModelServer,
  makeModels,
  mlflowServer,
  mlserver,
  type RunningServer,
  slipwayServer,
  startServer,
} from "../peers/model-servers.ts";
import { type Goal, missingRow, type Row, ratioRow } from "../rows.ts";

const connections = 4;
const seconds = 3;
const warmSeconds = 1;

const others: readonly { server: ModelServer; goal: Goal }[] = [
  { server: fastapiServer, goal: { atLeast: 1.2 } },
  { server: mlflowServer, goal: { atLeast: 5 } },
  { server: mlserver, goal: { atLeast: 1.5 } },
];

/** How fast the server of an image answers, beside others with the same model, one worker each. */
export const runtimesPredictions: Figure = {
  name: "runtimes-predictions",
  async measure(bench) {
    const folder = join(bench.folder, "model-servers");
    mkdirSync(folder);
    await makeModels(folder);
    const rows: Row[] = [];
    for (const [model, framework] of frameworks) {
      for (const { server, goal } of others) {
        if (!server.models.includes(model))
          rows.push(missingRow(`${framework}, predictions`, `${server.name} does not serve it`));
        else rows.push(...(await beside(bench, folder, { model, framework, server, goal })));
      }
    }
    return rows;
  },
};

interface Comparison {
  model: ModelName;
  framework: string;
  server: ModelServer;
  goal: Goal;
}

async function beside(bench: Bench, folder: string, { model, framework, server, goal }: Comparison): Promise<Row[]> {
  const ours = await startServer(bench, slipwayServer, model, folder);
  const theirs = await startServer(bench, server, model, folder);
  try {
    const rows: Row[] = [];
    for (const count of [1, 100]) {
      for (const each of [ours, theirs]) await ask(each, count, warmSeconds);
      const results: { ours: Load; theirs: Load; bare: number }[] = [];
      for (let run = 0; run < bench.runs; run++)
        results.push({
          ours: await ask(ours, count, seconds),
          theirs: await ask(theirs, count, seconds),
          bare: await bareModel(model, count, seconds / 2, folder),
        });
      const what = `${framework}, ${count === 1 ? "one row" : `${count} rows`}, ${connections} connections`;
      rows.push(
        ratioRow(what, {
          slipway: { unit: "requests/s", values: results.map((run) => run.ours.perSecond) },
          otherName: server.name,
          other: { unit: "requests/s", values: results.map((run) => run.theirs.perSecond) },
          ratio: "slipway / other",
          goal,
        }),
        ...(["p50Ms", "p99Ms"] as const).map((share) =>
          ratioRow(`its ${share === "p50Ms" ? "median" : "99th percentile"}`, {
            slipway: { unit: "ms", values: results.map((run) => run.ours[share]) },
            otherName: server.name,
            other: { unit: "ms", values: results.map((run) => run.theirs[share]) },
            ratio: "other / slipway",
            goal: null,
          }),
        ),
      );
      if (server === fastapiServer)
        rows.push(
          ratioRow(what, {
            slipway: { unit: "requests/s", values: results.map((run) => run.ours.perSecond) },
            otherName: "the model alone, in a loop",
            other: { unit: "requests/s", values: results.map((run) => run.bare) },
            ratio: "slipway / other",
            goal: null,
          }),
        );
    }
    return rows;
  } finally {
    await theirs.stop();
    await ours.stop();
  }
}

function ask(server: RunningServer, rows: number, duration: number): Promise<Load> {
  const headers = { "content-type": "application/json" };
  return load({ url: server.url, method: "POST", headers, body: server.body(rows), connections, duration });
}
