import { join } from "node:path";
import type { Figure } from "../figure.ts";
import { type Load, load } from "../load.ts";
import { createModel, draftSmallModel } from "../packages.ts";
import { startPeer } from "../peers/start-peer.ts";
import { ratioRow } from "../rows.ts";
import { sealToReady, startSlipway } from "../slipway.ts";

const connections = 16;
const seconds = 10;

/** GET of one version with its image and tag. */
export const readVersion: Figure = {
  name: "read-version",
  async measure(bench) {
    const slipway = await startSlipway(bench, join(bench.folder, "read"));
    const peer = await startPeer(bench, "version-route.ts", { DATABASE_URL: slipway.databaseUrl });
    try {
      await createModel(slipway, "churn");
      await draftSmallModel(slipway, "churn", "1.0.0");
      await sealToReady(slipway, "churn", "1.0.0");
      await slipway.client.send("PUT", "/v1/models/churn/tags/prod", { version: "1.0.0" });
      const [ours, theirs] = [`${slipway.url}/v1/models/churn/versions/1.0.0`, `${peer.url}/churn/1.0.0`];
      for (const url of [ours, theirs]) await load({ url, connections, duration: 3 }); // compiled, caches warm
      const results: { ours: Load[]; theirs: Load[] } = { ours: [], theirs: [] };
      for (let run = 0; run < bench.runs; run++) {
        results.ours.push(await load({ url: ours, connections, duration: seconds }));
        results.theirs.push(await load({ url: theirs, connections, duration: seconds }));
      }
      const otherName = "bare Fastify route, same query";
      return [
        ratioRow(`GET of one version, ${connections} connections`, {
          slipway: { unit: "requests/s", values: results.ours.map(({ perSecond }) => perSecond) },
          otherName,
          other: { unit: "requests/s", values: results.theirs.map(({ perSecond }) => perSecond) },
          ratio: "slipway / other",
          goal: { atLeast: 0.8 },
        }),
        ratioRow(`its 99th percentile`, {
          slipway: { unit: "ms", values: results.ours.map(({ p99Ms }) => p99Ms) },
          otherName,
          other: { unit: "ms", values: results.theirs.map(({ p99Ms }) => p99Ms) },
          ratio: "slipway / other",
          goal: null,
        }),
      ];
    } finally {
      await peer.stop();
      await slipway.stop();
    }
  },
};
