import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Bench, Figure } from "../figure.ts";
import { createModel, draftLargeModel } from "../packages.ts";
import { makeRandomFile } from "../random-file.ts";
import { limitRow, type Row } from "../rows.ts";
import { sealToReady, startSlipway } from "../slipway.ts";

const sizes = [
  { words: "10 MiB", sizeBytes: 10 * 1024 ** 2 },
  { words: "4 GiB", sizeBytes: 4 * 1024 ** 3 },
] as const;
const parts = ["api", "worker"] as const;

type Peaks = Record<(typeof parts)[number], number>;

/** The most memory that API and worker ever had, through upload, seal, build and push, each time on a new instance. */
export const memory: Figure = {
  name: "memory",
  async measure(bench) {
    const peaks: Peaks[][] = [];
    for (const { words, sizeBytes } of sizes) {
      const path = join(bench.folder, "memory.bin");
      await makeRandomFile(path, sizeBytes);
      const runs: Peaks[] = [];
      for (let run = 0; run < bench.runs; run++) {
        runs.push(await peaksOf(bench, path));
        bench.say(`  ${words}: ${parts.map((part) => `${part} ${runs.at(-1)?.[part].toFixed(0)} MiB`).join(", ")}`);
      }
      rmSync(path);
      peaks.push(runs);
    }
    return parts.flatMap((part) => rowsOf(part, peaks));
  },
};

async function peaksOf(bench: Bench, path: string): Promise<Peaks> {
  const dataDir = join(bench.folder, "memory");
  const slipway = await startSlipway(bench, dataDir);
  try {
    await createModel(slipway, "large");
    await draftLargeModel(slipway, "large", "1.0.0", path);
    await sealToReady(slipway, "large", "1.0.0", 100);
    return { api: slipway.memory("api").peak, worker: slipway.memory("worker").peak };
  } finally {
    await slipway.stop();
    rmSync(dataDir, { recursive: true });
  }
}

function rowsOf(part: keyof Peaks, peaks: readonly Peaks[][]): Row[] {
  const [small = [], large = []] = peaks.map((runs) => runs.map((run) => run[part]));
  const more = large.map((peak, run) => Math.abs(peak - (small[run] ?? Number.NaN)));
  return [
    limitRow(`peak memory of the ${part}, file of 10 MiB`, { unit: "MiB", values: small }, { atMost: 250 }),
    limitRow(`peak memory of the ${part}, file of 4 GiB`, { unit: "MiB", values: large }, { atMost: 250 }),
    limitRow(`between the two`, { unit: "MiB", values: more }, { atMost: 64 }),
  ];
}
