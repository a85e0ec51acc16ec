import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type Database, openDatabase } from "#core/database/client.ts";
import { programPath } from "#standalone/setup/service-programs.mjs";
import { memoryOf } from "#test/process-memory.ts";
import type { Bench, Figure } from "../figure.ts";
import { createModel } from "../packages.ts";
import { limitRow } from "../rows.ts";
import { startSlipway } from "../slipway.ts";

interface Scale {
  blobs: number;
  orphans: number;
}
/** As many as it takes for the heap to be collected a few times. */
const small: Scale = { blobs: 25_000, orphans: 250 };
const large: Scale = { blobs: 100_000, orphans: 1_000 };

interface Collection {
  seconds: number;
  peakMiB: number;
}

/** One round of garbage collection on a store of files, by the command, from the start of its process to the end. Half of
 *  the orphans are blobs that nothing refers to, half are bytes without a row. */
export const artifactsCollect: Figure = {
  name: "artifacts-collect",
  async measure(bench) {
    const few = await collections(bench, small);
    const many = await collections(bench, large);
    const seconds = many.map((collection) => collection.seconds);
    const peaks = many.map(({ peakMiB }) => peakMiB);
    const more = peaks.map((peak, run) => Math.abs(peak - (few[run]?.peakMiB ?? Number.NaN)));
    return [
      limitRow("collecting 100,000 blobs, 1,000 orphans", { unit: "s", values: seconds }, { atMost: 60 }),
      limitRow("peak memory of that", { unit: "MiB", values: peaks }, null),
      limitRow("between that and 25,000 blobs", { unit: "MiB", values: more }, { atMost: 32 }),
    ];
  },
};

async function collections(bench: Bench, { blobs, orphans }: Scale): Promise<Collection[]> {
  const dataDir = join(bench.folder, `collect-${blobs}`);
  const slipway = await startSlipway(bench, dataDir);
  const db = openDatabase({ url: slipway.databaseUrl, poolSize: 1 });
  const store = join(dataDir, "artifacts");
  const runs: Collection[] = [];
  try {
    await createModel(slipway, "collect");
    await slipway.client.send("POST", "/v1/models/collect/versions", { version: "1.0.0" });
    await fill(db, store, { from: 0, to: blobs - orphans, referred: true });
    for (let run = 1; run <= bench.runs; run++) {
      const from = run * blobs;
      await fill(db, store, { from, to: from + orphans / 2, referred: false });
      putObjects(store, from + orphans / 2, from + orphans);
      runs.push(await runCollector(slipway.databaseUrl, store));
      const left = readdirSync(store, { recursive: true, withFileTypes: true }).filter(isObject).length;
      if (left !== blobs - orphans) throw new Error(`${left} objects are left of ${blobs}, ${orphans} of them orphans`);
      bench.say(`  ${blobs} blobs: ${runs.at(-1)?.seconds.toFixed(1)} s, ${runs.at(-1)?.peakMiB.toFixed(0)} MiB`);
    }
  } finally {
    await db.$disconnect();
    await slipway.stop();
    rmSync(dataDir, { recursive: true });
  }
  return runs;
}

/** Objects as uploads leave them, their rows, and where they are referred to a file for each, a thousand at a time. */
async function fill(
  db: Database,
  store: string,
  { from, to, referred }: { from: number; to: number; referred: boolean },
): Promise<void> {
  putObjects(store, from, to);
  for (let start = from; start < to; start += 1_000) {
    const end = Math.min(start + 1_000, to) - 1;
    await db.$executeRaw`
      INSERT INTO blobs (digest, key, size_bytes)
      SELECT 'sha256:' || encode(sha256(i::text::bytea), 'hex'), md5(i::text), length(i::text)
      FROM generate_series(${start}::int, ${end}::int) i`;
    if (referred)
      await db.$executeRaw`
        INSERT INTO version_files (version_id, path, folded_path, blob_digest, size_bytes)
        SELECT v.id, i::text, i::text, 'sha256:' || encode(sha256(i::text::bytea), 'hex'), length(i::text)
        FROM versions v, generate_series(${start}::int, ${end}::int) i`;
  }
}

function putObjects(store: string, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    const key = createHash("md5").update(String(i)).digest("hex");
    mkdirSync(join(store, key.slice(0, 2)), { recursive: true });
    writeFileSync(join(store, key.slice(0, 2), key), String(i));
  }
}

function isObject(entry: { name: string; isFile(): boolean }): boolean {
  return entry.isFile() && /^[0-9a-f]{32}$/.test(entry.name);
}

async function runCollector(databaseUrl: string, store: string): Promise<Collection> {
  const start = performance.now();
  const child = spawn(process.execPath, [programPath("collect-garbage")], {
    env: {
      ...process.env,
      DATABASE_URL: databaseUrl,
      SLIPWAY_ARTIFACTS_DIR: store,
      SLIPWAY_GARBAGE_GRACE_HOURS: "0",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let peakMiB = 0;
  const sampling = setInterval(() => {
    if (child.pid === undefined || child.exitCode !== null) return;
    const { peakBytes } = memoryOf(child.pid);
    if (!Number.isNaN(peakBytes)) peakMiB = peakBytes / 1024 ** 2; // it has none once it has ended
  }, 10);
  const [[code], output] = await Promise.all([once(child, "exit"), text(child.stdout)]).finally(() =>
    clearInterval(sampling),
  );
  if (code !== 0) throw new Error(`the collector ended with code ${code}: ${output}`);
  return { seconds: (performance.now() - start) / 1_000, peakMiB };
}
