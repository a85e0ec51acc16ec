import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandOutput } from "../command.ts";
import type { Bench } from "../figure.ts";

/** What creating a version writes (core/models/create-version.ts), each client in a model of its own; no request comes
 *  in, nothing is checked, and nothing is read back. A variable stands for its text, in quotes as well. */
const script = String.raw`
BEGIN;
UPDATE models SET next_number = next_number + 1 WHERE name = 'model-' || :client_id AND deleted_at IS NULL
  RETURNING id, next_number - 1 AS number \gset
INSERT INTO versions (id, model_id, semver, semver_key, number, description, labels, metadata, created_by)
  VALUES (gen_random_uuid(), ':id', '2.0.' || :number, 'pgbench' || :number, :number, '', '{}', '{}', 'anonymous')
  RETURNING id AS version \gset
INSERT INTO audit (id, actor, action, object, object_id, after, request_id)
  VALUES (gen_random_uuid(), 'anonymous', 'version.create', 'model-' || :client_id, ':version',
          '{"version": "2.0.:number", "number": :number, "description": "", "labels": {}}', 'pgbench');
COMMIT;
`;

/** Transactions a second (pgbench(1)). */
export async function pgbench(
  bench: Bench,
  databaseUrl: string,
  { connections, seconds }: { connections: number; seconds: number },
): Promise<number> {
  const path = join(bench.folder, "create-version.sql");
  writeFileSync(path, script);
  const load = ["--client", String(connections), "--jobs", "2", "--time", String(seconds)];
  const output = await commandOutput("pgbench", ["--no-vacuum", "--file", path, ...load, databaseUrl]);
  const [, perSecond] = /^tps = ([\d.]+)/m.exec(output) ?? [];
  if (perSecond === undefined || !/number of failed transactions: 0 /.test(output)) throw new Error(output);
  return Number(perSecond);
}
