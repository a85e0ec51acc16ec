import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Bench, Figure } from "../figure.ts";
import {
  frameworks,
  type ModelName,
  type ModelServer,
  makeModels,
  servers,
  slipwayServer,
  startServer,
} from "../peers/model-servers.ts";
import { type Row, ratioRow } from "../rows.ts";

/** From the start of a server's process to its first prediction. */
export const runtimesStart: Figure = {
  name: "runtimes-start",
  async measure(bench) {
    const folder = join(bench.folder, "model-servers-start");
    mkdirSync(folder);
    await makeModels(folder);
    const rows: Row[] = [];
    for (const [model, framework] of frameworks)
      for (const other of servers.filter((each) => each !== slipwayServer && each.models.includes(model))) {
        const pairs: { ours: number; theirs: number }[] = [];
        for (const server of [slipwayServer, other]) await startSeconds(bench, server, model, folder); // compiled
        for (let run = 0; run < bench.runs; run++)
          pairs.push({
            ours: await startSeconds(bench, slipwayServer, model, folder),
            theirs: await startSeconds(bench, other, model, folder),
          });
        rows.push(
          ratioRow(`start → first prediction, ${framework}`, {
            slipway: { unit: "s", values: pairs.map(({ ours }) => ours) },
            otherName: other.name,
            other: { unit: "s", values: pairs.map(({ theirs }) => theirs) },
            ratio: "other / slipway",
            goal: { atLeast: 1 },
          }),
        );
      }
    return rows;
  },
};

async function startSeconds(bench: Bench, server: ModelServer, model: ModelName, folder: string): Promise<number> {
  const running = await startServer(bench, server, model, folder);
  await running.stop();
  return running.startSeconds;
}
