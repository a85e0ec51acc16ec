import { rmSync } from "node:fs";
import { join } from "node:path";
import { settle } from "../command.ts";
import type { Figure } from "../figure.ts";
import { createModel, draftLargeModel } from "../packages.ts";
import { makeRandomFile, sizeInWords } from "../random-file.ts";
import { limitRow } from "../rows.ts";
import { sealToReady, startSlipway } from "../slipway.ts";

const eachRun = 5;
const warmUps = 3;

/** A version whose files the registry has from one before: what is sent is its description and its manifest. */
export const imagesKnown: Figure = {
  name: "images-known",
  async measure(bench) {
    const dataDir = join(bench.folder, "images-known");
    const path = join(bench.folder, "weights.bin");
    const slipway = await startSlipway(bench, dataDir);
    try {
      await makeRandomFile(path, bench.fileBytes);
      await createModel(slipway, "large");
      const seconds: number[] = [];
      for (let version = 0; version < 1 + warmUps + eachRun * bench.runs; version++) {
        await draftLargeModel(slipway, "large", `1.${version}.0`, path);
        await settle();
        const took = await sealToReady(slipway, "large", `1.${version}.0`);
        bench.say(`  version ${version}: ${(took * 1_000).toFixed(0)} ms`);
        if (version > warmUps) seconds.push(took);
      }
      const values = seconds.map((took) => took * 1_000);
      const figure = `seal → ready, layers known, file of ${sizeInWords(bench.fileBytes)} (${eachRun} a run)`;
      return [limitRow(figure, { unit: "ms", values }, { atMost: 300 })];
    } finally {
      await slipway.stop();
      rmSync(path, { force: true });
      rmSync(dataDir, { recursive: true, force: true });
    }
  },
};
