import { rmSync } from "node:fs";
import { join } from "node:path";
import { settle } from "../command.ts";
import type { Bench, Figure } from "../figure.ts";
import { createModel, draftLargeModel } from "../packages.ts";
import { makeRandomFile, sizeInWords } from "../random-file.ts";
import { limitRow } from "../rows.ts";
import { type Slipway, sealToReady, startSlipway } from "../slipway.ts";

const pollMs = 100;
const warmUpShare = 16;
const more = 4;

interface Use {
  cpuSeconds: number;
  peakMiB: number;
}

/** What a worker takes for a large file and for one four times as large, its base and its runtime known. */
export const imagesMemory: Figure = {
  name: "images-memory",
  async measure(bench) {
    const { fileBytes } = bench;
    const runs: { small: Use; large: Use }[] = [];
    for (let run = 0; run < bench.runs; run++) runs.push(await measureOnce(bench));
    const [small, large] = [sizeInWords(fileBytes), sizeInWords(more * fileBytes)];
    const peaks = (which: "small" | "large") =>
      ({ unit: "MiB", values: runs.map((run) => run[which].peakMiB) }) as const;
    const cpu = (which: "small" | "large", bytes: number) =>
      ({ unit: "s", values: runs.map((run) => (run[which].cpuSeconds * 1024 ** 3) / bytes) }) as const;
    const between = runs.map((run) => Math.abs(run.large.peakMiB - run.small.peakMiB));
    return [
      limitRow(`CPU of the worker a GiB, new file of ${small}`, cpu("small", fileBytes), { atMost: 1.5 }),
      limitRow(`the same, new file of ${large}`, cpu("large", more * fileBytes), { atMost: 1.5 }),
      limitRow(`peak memory of the worker, new file of ${small}`, peaks("small"), null),
      limitRow(`the same, new file of ${large}`, peaks("large"), null),
      limitRow("between the two", { unit: "MiB", values: between }, { atMost: 64 }),
    ];
  },
};

/** On an instance of its own, whose worker has made its first images before. */
async function measureOnce(bench: Bench): Promise<{ small: Use; large: Use }> {
  const dataDir = join(bench.folder, "images-memory");
  const path = join(bench.folder, "weights.bin");
  const slipway = await startSlipway(bench, dataDir);
  const use = async (version: string, sizeBytes: number): Promise<Use> => {
    await makeRandomFile(path, sizeBytes);
    await draftLargeModel(slipway, "large", version, path);
    rmSync(path);
    await settle();
    const used = await useOf(slipway, version);
    bench.say(`  ${sizeInWords(sizeBytes)}: ${used.cpuSeconds.toFixed(2)} s of CPU, ${used.peakMiB.toFixed(0)} MiB`);
    return used;
  };
  try {
    await createModel(slipway, "large");
    await use("0.1.0", Math.ceil(bench.fileBytes / warmUpShare));
    return { small: await use("1.0.0", bench.fileBytes), large: await use("2.0.0", more * bench.fileBytes) };
  } finally {
    await slipway.stop();
    rmSync(path, { force: true });
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function useOf(slipway: Slipway, version: string): Promise<Use> {
  slipway.forgetPeak("worker");
  const before = slipway.cpuSeconds("worker");
  await sealToReady(slipway, "large", version, pollMs);
  return { cpuSeconds: slipway.cpuSeconds("worker") - before, peakMiB: slipway.memory("worker").peak };
}
