import { join } from "node:path";
import type { Figure } from "../figure.ts";
import { serviceToken, startGuarded } from "../guarded.ts";
import { type Load, load } from "../load.ts";
import { createModel, draftSmallModel } from "../packages.ts";
import { type Row, ratioRow } from "../rows.ts";
import { type Slipway, sealToReady, startSlipway } from "../slipway.ts";

const connections = 16;
const seconds = 10;
const model = "fraud.cards";
const neverReached = "10000000";

interface Side {
  slipway: Slipway;
  headers: Record<string, string>;
  loads: Load[];
}

/** GET of one version with its image and tag, with access off, with access on, and with each token's requests counted
 *  in Redis beside that: instances of their own that take turns. */
export const accessReadVersion: Figure = {
  name: "access-read-version",
  async measure(bench) {
    const sides: Side[] = [];
    const folder = (name: string) => join(bench.folder, `access-${name}`);
    try {
      const off = await prepare(await startSlipway(bench, folder("off"), { SLIPWAY_ACCESS: "off" }), sides);
      const on = await prepare(await startGuarded(bench, folder("on")), sides);
      const counting = { SLIPWAY_RATE_LIMIT_TOKEN: neverReached };
      const counted = await prepare(await startGuarded(bench, folder("counted"), counting), sides);
      await letRead(on);
      await letRead(counted);
      for (const side of sides) await read(side, 3); // compiled, caches warm
      for (let run = 0; run < bench.runs; run++) for (const side of sides) side.loads.push(await read(side, seconds));
      return [...rowsOf("access on", on, off, 0.9), ...rowsOf("on, each token counted in Redis", counted, off, null)];
    } finally {
      for (const { slipway } of sides) await slipway.stop();
    }
  },
};

async function prepare(slipway: Slipway, sides: Side[]): Promise<Side> {
  const side = { slipway, headers: {}, loads: [] };
  sides.push(side);
  await createModel(slipway, model);
  await draftSmallModel(slipway, model, "1.0.0");
  await sealToReady(slipway, model, "1.0.0");
  await slipway.client.send("PUT", `/v1/models/${model}/tags/prod`, { version: "1.0.0" });
  return side;
}

/** As a team's service account has it: its own group of models alone. */
async function letRead(side: Side): Promise<void> {
  const token = await serviceToken(side.slipway, "reader", [{ role: "reader", pattern: "fraud.*" }]);
  side.headers = { authorization: `Bearer ${token}` };
}

function read({ slipway, headers }: Side, duration: number): Promise<Load> {
  return load({ url: `${slipway.url}/v1/models/${model}/versions/1.0.0`, headers, connections, duration });
}

function rowsOf(name: string, { loads }: Side, off: Side, leastRate: number | null): Row[] {
  const against = (
    figure: string,
    unit: "requests/s" | "ms",
    value: (load: Load) => number,
    goal: { atLeast: number } | null,
  ): Row =>
    ratioRow(figure, {
      slipway: { unit, values: loads.map(value) },
      otherName: "access off",
      other: { unit, values: off.loads.map(value) },
      ratio: "slipway / other",
      goal,
    });
  const rate = leastRate === null ? null : { atLeast: leastRate };
  return [
    against(`GET of one version, ${connections} connections, ${name}`, "requests/s", (load) => load.perSecond, rate),
    against("its median", "ms", (load) => load.p50Ms, null),
    against("its 99th percentile", "ms", (load) => load.p99Ms, null),
  ];
}
