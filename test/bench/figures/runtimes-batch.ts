import { mkdirSync, rmSync } from "node:fs";
import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { startChild } from "#standalone/child.ts";
import { memoryOf } from "#test/process-memory.ts";
import type { Bench, Figure } from "../figure.ts";
import { makeModels, slipwayServer } from "../peers/model-servers.ts";
import { limitRow } from "../rows.ts";

const fewRows = 1_000_000;
const manyRows = 10_000_000;
const header = "sepal_length,sepal_width,petal_length,petal_width\n";
const lookEveryMs = 100;

interface Use {
  rowsPerSecond: number;
  peakMiB: number;
}

/** `slipway-runtime batch` over a CSV, and over one ten times as long: how fast, and whether memory stays flat. */
export const runtimesBatch: Figure = {
  name: "runtimes-batch",
  async measure(bench) {
    const folder = join(bench.folder, "runtimes-batch");
    mkdirSync(folder);
    await makeModels(folder);
    const runs: { few: Use; many: Use }[] = [];
    for (let run = 0; run < bench.runs; run++)
      runs.push({ few: await predictAll(bench, folder, fewRows), many: await predictAll(bench, folder, manyRows) });
    rmSync(folder, { recursive: true });
    const speed = (which: "few" | "many") =>
      ({ unit: "rows/s", values: runs.map((run) => run[which].rowsPerSecond) }) as const;
    const peaks = (which: "few" | "many") => ({ unit: "MiB", values: runs.map((run) => run[which].peakMiB) }) as const;
    const between = runs.map(({ few, many }) => Math.abs(many.peakMiB - few.peakMiB));
    return [
      limitRow("batch, scikit-learn, CSV of 1,000,000 rows", speed("few"), null),
      limitRow("the same, 10,000,000 rows", speed("many"), null),
      limitRow("its peak memory, 1,000,000 rows", peaks("few"), null),
      limitRow("the same, 10,000,000 rows", peaks("many"), null),
      limitRow("between the two", { unit: "MiB", values: between }, { atMost: 16 }),
    ];
  },
};

async function predictAll(bench: Bench, folder: string, rows: number): Promise<Use> {
  const [input, output] = [join(folder, "rows.csv"), join(folder, "predictions.csv")];
  await makeRows(input, rows);
  const { command, env } = slipwayServer.start("iris", 8000, folder); // it listens nowhere
  const started = performance.now();
  const child = await startChild(
    {
      name: "batch",
      command,
      args: ["-m", "slipway_runtime", "batch", "--input", input, "--output", output],
      env: { ...process.env, ...env },
      stopSignal: "SIGTERM",
    },
    { ledger: bench.ledger },
  );
  let peakBytes = 0;
  const looking = setInterval(() => {
    peakBytes = Math.max(peakBytes, peakOf(child.pid));
  }, lookEveryMs);
  const { code } = await child.exited;
  clearInterval(looking);
  if (code !== 0) throw new Error(`the batch ended with ${code}: ${child.lastLines().join("\n")}`);
  const seconds = (performance.now() - started) / 1000;
  if ((await stat(output)).size < rows) throw new Error("the batch has not written every row");
  bench.say(`  ${rows} rows: ${seconds.toFixed(1)} s, ${(peakBytes / 1024 ** 2).toFixed(0)} MiB`);
  return { rowsPerSecond: rows / seconds, peakMiB: peakBytes / 1024 ** 2 };
}

/** 0 of one that has ended. */
function peakOf(pid: number): number {
  try {
    return memoryOf(pid).peakBytes || 0;
  } catch {
    return 0;
  }
}

async function makeRows(path: string, count: number): Promise<void> {
  const file = await open(path, "w");
  try {
    await file.write(header);
    const thousand = Array.from({ length: 1_000 }, (_, i) =>
      [4 + (i % 40) / 10, 2 + (i % 25) / 10, 1 + (i % 60) / 10, (i % 26) / 10]
        .map((value) => value.toFixed(1))
        .join(","),
    );
    for (let written = 0; written < count; written += thousand.length) await file.write(`${thousand.join("\n")}\n`);
  } finally {
    await file.close();
  }
}
