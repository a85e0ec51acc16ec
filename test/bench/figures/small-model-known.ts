import { join } from "node:path";
import type { Figure } from "../figure.ts";
import { createModel, draftSmallModel } from "../packages.ts";
import { limitRow } from "../rows.ts";
import { sealToReady, startSlipway } from "../slipway.ts";

/** A new version of a model whose runtime was made before: what a team does every day. */
export const smallModelKnown: Figure = {
  name: "small-model-known",
  async measure(bench) {
    const slipway = await startSlipway(bench, join(bench.folder, "known"));
    try {
      await createModel(slipway, "churn");
      await draftSmallModel(slipway, "churn", "0.1.0");
      await sealToReady(slipway, "churn", "0.1.0");
      const seconds: number[] = [];
      for (let run = 0; run < bench.runs; run++) {
        const version = `1.0.${run}`;
        await draftSmallModel(slipway, "churn", version);
        seconds.push(await sealToReady(slipway, "churn", version));
      }
      return [
        limitRow(
          "seal → ready, small scikit-learn model, runtime known",
          { unit: "s", values: seconds },
          { atMost: 1 },
        ),
      ];
    } finally {
      await slipway.stop();
    }
  },
};
