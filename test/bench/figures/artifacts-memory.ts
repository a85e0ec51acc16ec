import { rmSync } from "node:fs";
import { join } from "node:path";
import { commandOutput } from "../command.ts";
import { sendDirect, verified } from "../direct-client.ts";
import type { Bench, Figure } from "../figure.ts";
import { createModel, putFile } from "../packages.ts";
import { startBucket } from "../peers/bucket.ts";
import { makeRandomFile, sha256Of } from "../random-file.ts";
import { limitRow, type Row } from "../rows.ts";
import { startSlipway } from "../slipway.ts";

const sizes = [
  { words: "10 MiB", sizeBytes: 10 * 1024 ** 2 },
  { words: "4 GiB", sizeBytes: 4 * 1024 ** 3 },
] as const;
const parts = ["api", "worker"] as const;
const stores = ["the file store", "S3"] as const;

type Peaks = Record<(typeof parts)[number], number>;

/** The most memory that API and worker ever had, through a PUT, a GET, the whole version as an archive, and on S3 an
 *  upload past the API that the worker reads; each time on a new instance. */
export const artifactsMemory: Figure = {
  name: "artifacts-memory",
  async measure(bench) {
    const path = join(bench.folder, "artifacts-memory.bin");
    const peaks: Record<(typeof stores)[number], Peaks[][]> = { "the file store": [], S3: [] };
    for (const { words, sizeBytes } of sizes) {
      await makeRandomFile(path, sizeBytes);
      for (const store of stores) {
        const runs: Peaks[] = [];
        for (let run = 0; run < bench.runs; run++) {
          const most = await peaksOf(bench, store, path, sizeBytes);
          bench.say(
            `  ${words} on ${store}: ${parts.map((part) => `${part} ${most[part].toFixed(0)} MiB`).join(", ")}`,
          );
          runs.push(most);
        }
        peaks[store].push(runs);
      }
      rmSync(path);
    }
    return stores.flatMap((store) => parts.flatMap((part) => rowsOf(part, store, peaks[store])));
  },
};

async function peaksOf(bench: Bench, store: (typeof stores)[number], file: string, sizeBytes: number): Promise<Peaks> {
  const dataDir = join(bench.folder, "artifacts-memory");
  const bucket = store === "S3" ? await startBucket(bench) : null;
  const slipway = await startSlipway(bench, dataDir, bucket?.settings);
  const version = "/v1/models/memory/versions/1.0.0";
  try {
    await createModel(slipway, "memory");
    await slipway.client.send("POST", "/v1/models/memory/versions", { version: "1.0.0" });
    await putFile(`${slipway.url}${version}/files/weights.bin`, file);
    await discard(`${slipway.url}${version}/files/weights.bin`);
    await discard(`${slipway.url}${version}/package`);
    if (bucket !== null) {
      const announced = { path: "direct.bin", file, sizeBytes, sha256: await sha256Of(file) };
      await verified(slipway, await sendDirect(slipway, version, announced));
    }
    return { api: slipway.memory("api").peak, worker: slipway.memory("worker").peak };
  } finally {
    await slipway.stop();
    rmSync(dataDir, { recursive: true });
    await bucket?.stop();
  }
}

async function discard(url: string): Promise<void> {
  await commandOutput("curl", ["--fail-with-body", "--silent", "--show-error", "--output", "/dev/null", url]);
}

function rowsOf(part: keyof Peaks, store: string, peaks: readonly Peaks[][]): Row[] {
  const [small = [], large = []] = peaks.map((runs) => runs.map((run) => run[part]));
  const more = large.map((peak, run) => Math.abs(peak - (small[run] ?? Number.NaN)));
  return [
    limitRow(`peak memory of the ${part} on ${store}, file of 10 MiB`, { unit: "MiB", values: small }, null),
    limitRow(`the same, file of 4 GiB`, { unit: "MiB", values: large }, null),
    limitRow(`between the two`, { unit: "MiB", values: more }, { atMost: 64 }),
  ];
}
