/* DATABASE_URL=… npm run collect-garbage [-- --dry-run]: ends what has expired and removes what nothing refers to, as workers
   do every SLIPWAY_GARBAGE_HOURS; it may run beside them. `--dry-run` changes nothing and prints what would go. Code 1:
   something could not be removed. */
import { parseArgs } from "node:util";
import { type Garbage, listGarbage } from "#core/artifacts/collect-garbage.ts";
import { openBlobStore } from "#core/artifacts/open-blob-store.ts";
import { readKeepingConfig } from "#core/config.ts";
import { openDatabase } from "#core/database/client.ts";
import { messageOf } from "#core/errors.ts";
import { cleanUp } from "#core/releases/clean-up.ts";
import { deletableRemains } from "#core/releases/drop-remains.ts";
import { expiredDrafts } from "#core/releases/expire-drafts.ts";
import { ConfigError } from "#core/settings.ts";

try {
  const { values } = parseArgs({ options: { "dry-run": { type: "boolean", default: false } } });
  const config = readKeepingConfig(process.env);
  const db = openDatabase(config.database);
  const blobs = openBlobStore(config.artifacts);
  const code = await (values["dry-run"] ? printGarbage() : collect());
  blobs.close();
  await db.$disconnect();
  process.exit(code);

  async function collect(): Promise<number> {
    const done = await cleanUp({ db, blobs, config }, new AbortController().signal);
    console.log(
      `ended: ${done.expiredUploads} expired uploads, ${done.expiredDrafts} expired drafts, ${done.droppedVersions} versions of deleted models`,
    );
    console.log(
      `removed: ${done.blobs} blobs, ${done.objects} objects without a row, ${done.uploads} unfinished uploads; ${done.sizeBytes} bytes`,
    );
    if (done.fault === null) return 0;
    console.error(`not all could be removed, the next round tries again: ${messageOf(done.fault)}`);
    return 1;
  }

  async function printGarbage(): Promise<number> {
    const now = { count: 0, sizeBytes: 0 };
    const later = { count: 0, sizeBytes: 0 };
    const { graceMs } = config.keeping;
    console.log(lineOf("what", "bytes", "since", "goes", "digest, key or name"));
    for await (const { model, version, touchedAt, sizeBytes } of expiredDrafts({ db, config }))
      console.log(lineOf("draft", String(sizeBytes), touchedAt.toISOString(), "now", `${model}:${version}`));
    for await (const { model, version, deletedAt, sizeBytes } of deletableRemains({ db, config }))
      console.log(lineOf("sealed", String(sizeBytes), deletedAt.toISOString(), "now", `${model}:${version}`));
    for await (const garbage of listGarbage({ db, blobs })) {
      const goes = (garbage.since?.getTime() ?? Date.now()) + graceMs;
      const sum = goes <= Date.now() && garbage.since !== null ? now : later;
      sum.count += 1;
      sum.sizeBytes += garbage.sizeBytes ?? 0;
      console.log(rowOf(garbage, sum === now ? "now" : new Date(goes).toISOString()));
    }
    console.log(`${now.count} would go now, ${now.sizeBytes} bytes; ${later.count} later, ${later.sizeBytes} bytes`);
    return 0;
  }
} catch (error) {
  const wrong = error instanceof ConfigError;
  console.error(wrong ? error.message : `garbage could not be collected: ${messageOf(error)}`);
  process.exit(wrong ? 2 : 1);
}

function rowOf({ what, name, sizeBytes, since }: Garbage, goes: string): string {
  return lineOf(what, sizeBytes === null ? "?" : String(sizeBytes), since?.toISOString() ?? "found now", goes, name);
}

function lineOf(what: string, bytes: string, since: string, goes: string, name: string): string {
  return [what.padEnd(6), bytes.padStart(16), since.padEnd(24), goes.padEnd(24), name].join("  ");
}
