import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Bench, Figure } from "../figure.ts";
import { createModel, draftSmallModel } from "../packages.ts";
import { limitRow } from "../rows.ts";
import { sealToReady, startSlipway } from "../slipway.ts";

/** The first version on a new instance: base, dependencies and runtime are fetched and made. */
export const smallModelNew: Figure = {
  name: "small-model-new",
  async measure(bench) {
    const seconds: number[] = [];
    for (let run = 0; run < bench.runs; run++) seconds.push(await firstImage(bench, join(bench.folder, `new-${run}`)));
    return [
      limitRow("seal → ready, small scikit-learn model, nothing known", { unit: "s", values: seconds }, { atMost: 60 }),
    ];
  },
};

async function firstImage(bench: Bench, dataDir: string): Promise<number> {
  const slipway = await startSlipway(bench, dataDir);
  try {
    await createModel(slipway, "churn");
    await draftSmallModel(slipway, "churn", "1.0.0");
    return await sealToReady(slipway, "churn", "1.0.0", 100);
  } finally {
    await slipway.stop();
    rmSync(dataDir, { recursive: true });
  }
}
