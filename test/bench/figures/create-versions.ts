import { join } from "node:path";
import type { Request } from "autocannon";
import type { Figure } from "../figure.ts";
import { load } from "../load.ts";
import { createModel } from "../packages.ts";
import { pgbench } from "../peers/pgbench.ts";
import { ratioRow } from "../rows.ts";
import { startSlipway } from "../slipway.ts";

const connections = 8;
const seconds = 10;
const figure = `creating versions, ${connections} connections`;

/** Drafts through the API, each connection in a model of its own, against the same statements by pgbench. */
export const createVersions: Figure = {
  name: "create-versions",
  async measure(bench) {
    const slipway = await startSlipway(bench, join(bench.folder, "create"));
    try {
      const models = Array.from({ length: connections }, (_, index) => `model-${index}`);
      for (const model of models) await createModel(slipway, model);
      const [ours, theirs]: [number[], number[]] = [[], []];
      for (let run = 0; run < bench.runs; run++) {
        ours.push(await createByApi(slipway.url, models, run));
        theirs.push(await pgbench(bench, slipway.databaseUrl, { connections, seconds }));
      }
      return [
        ratioRow(figure, {
          slipway: { unit: "versions/s", values: ours },
          otherName: "pgbench, the same statements",
          other: { unit: "versions/s", values: theirs },
          ratio: "slipway / other",
          goal: null,
        }),
      ];
    } finally {
      await slipway.stop();
    }
  },
};

/** Versions a second, each connection in one of the models. */
async function createByApi(url: string, models: readonly string[], run: number): Promise<number> {
  let clients = 0;
  let made = 0;
  const { perSecond } = await load({
    url,
    connections,
    duration: seconds,
    setupClient(client) {
      const path = `/v1/models/${models[clients++ % models.length]}/versions`;
      const headers = { "content-type": "application/json" };
      const setupRequest = (request: Request): Request => ({
        ...request,
        body: JSON.stringify({ version: `1.${run}.${made++}` }),
      });
      client.setRequests([{ method: "POST", path, headers, setupRequest }]);
    },
  });
  return perSecond;
}
