import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Figure } from "../figure.ts";
import { type Load, load } from "../load.ts";
import { createModel, draftSmallModel } from "../packages.ts";
import { limitRow } from "../rows.ts";
import { sealToReady, startSlipway } from "../slipway.ts";

const models = 100;
const connections = 16;
const seconds = 10;
const warmSeconds = 3;
const versions = ["1.0.0", "1.1.0"] as const;

/** Moves of tags and reads of one a second, from many connections at once. */
export const promotionRate: Figure = {
  name: "promotion-rate",
  async measure(bench) {
    const dataDir = join(bench.folder, "promotion-rate");
    const slipway = await startSlipway(bench, dataDir);
    try {
      const names = Array.from({ length: models }, (_, index) => `model-${index}`);
      for (const name of names) {
        await createModel(slipway, name);
        for (const version of versions) {
          await draftSmallModel(slipway, name, version);
          await sealToReady(slipway, name, version);
        }
      }
      let sent = 0;
      // Each model in turn, and each turn to the other version: no move is one to where the tag is.
      const nextMove = (request: object) => {
        const [name, turn] = [names[sent % models], Math.floor(sent / models)];
        sent += 1;
        const body = JSON.stringify({ version: versions[turn % versions.length] });
        return { ...request, method: "PUT" as const, path: `/v1/models/${name}/tags/prod`, body };
      };
      const headers = { "content-type": "application/json" };
      const requests = [{ setupRequest: nextMove, headers }];
      const moving = (duration: number) => load({ url: slipway.url, connections, duration, requests });
      const reading = (duration: number) =>
        load({ url: `${slipway.url}/v1/models/model-1/tags/prod`, connections, duration });
      await moving(warmSeconds);
      await reading(warmSeconds);
      const runs: { moves: Load; reads: Load }[] = [];
      for (let run = 0; run < bench.runs; run++)
        runs.push({ moves: await moving(seconds), reads: await reading(seconds) });
      const values = (of: (run: (typeof runs)[number]) => number) => runs.map(of);
      return [
        limitRow(
          `moves of tags of ${models} models, ${connections} connections`,
          { unit: "requests/s", values: values(({ moves }) => moves.perSecond) },
          { atLeast: 300 },
        ),
        limitRow("its 99th percentile", { unit: "ms", values: values(({ moves }) => moves.p99Ms) }, null),
        limitRow(
          `GET of a tag, ${connections} connections`,
          { unit: "requests/s", values: values(({ reads }) => reads.perSecond) },
          { atLeast: 2_500 },
        ),
        limitRow("its 99th percentile", { unit: "ms", values: values(({ reads }) => reads.p99Ms) }, null),
      ];
    } finally {
      await slipway.stop();
      rmSync(dataDir, { recursive: true, force: true });
    }
  },
};
