import { rmSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import type { Figure } from "../figure.ts";
import { percentile } from "../percentile.ts";
import { limitRow } from "../rows.ts";
import { startSlipway } from "../slipway.ts";

const models = 10_000;
const movesOfModel = 100;
const questions = 500;

interface Page {
  items: { model: string }[];
  nextCursor: string | null;
}

/** What was under `prod` at a time, in all models: every page of 100 by itself, at times all over the history. */
export const promotionAt: Figure = {
  name: "promotion-at",
  async measure(bench) {
    const dataDir = join(bench.folder, "promotion-at");
    const slipway = await startSlipway(bench, dataDir);
    try {
      await fill(slipway.databaseUrl);
      const tookMs: number[] = [];
      let found = 0;
      for (let cursor: string | null = null; tookMs.length < questions; ) {
        const at = new Date(Date.UTC(2026, 0, 1) + (1 + (tookMs.length % movesOfModel)) * 86_400_000).toISOString();
        const from: string = cursor === null ? "" : `&cursor=${cursor}`;
        const started = performance.now();
        const page = (await slipway.client.send("GET", `/v1/tags?tag=prod&limit=100&at=${at}${from}`)) as Page;
        tookMs.push(performance.now() - started);
        found += page.items.length;
        cursor = page.nextCursor;
      }
      if (found !== questions * 100) throw new Error(`${found} tags were found on ${questions} pages of 100`);
      const total = models * movesOfModel;
      return [
        limitRow(
          `a page of what was in prod at a time, of ${models} models and ${total} moves, median`,
          { unit: "ms", values: [percentile(tookMs, 50)] },
          null,
        ),
        limitRow("its 99th percentile", { unit: "ms", values: [percentile(tookMs, 99)] }, { atMost: 50 }),
      ];
    } finally {
      await slipway.stop();
      rmSync(dataDir, { recursive: true, force: true });
    }
  },
};

/** A move a day of each model, from the first of January on. */
async function fill(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(`
      INSERT INTO models (id, name, title, repository, created_at, created_by)
      SELECT gen_random_uuid(), 'model-' || lpad(n::text, 5, '0'), '', 'model-' || n, '2025-12-31', 'bench'
      FROM generate_series(1, ${models}) n`);
    await client.query(`
      INSERT INTO tag_moves (model_id, tag, revision, from_version, to_version, image_digest, moved_at, moved_by, reason)
      SELECT m.id, 'prod', n, CASE WHEN n = 1 THEN NULL ELSE '1.' || n - 1 || '.0' END, '1.' || n || '.0',
             'sha256:' || md5(n::text) || md5(n::text), timestamptz '2026-01-01 00:00Z' + n * interval '1 day', 'bench', ''
      FROM models m CROSS JOIN generate_series(1, ${movesOfModel}) n`);
    await client.query("ANALYZE");
  } finally {
    await client.end();
  }
}
