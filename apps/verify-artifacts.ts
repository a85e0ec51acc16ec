/* DATABASE_URL=… npm run verify-artifacts [-- --json] [--from sha256:…]: reads all that is stored, holds it against its
   digests, and looks for what no row names. It changes nothing. `--from` goes on after a digest that an earlier run named.
   Code 1: bytes are missing, changed or unreadable. */
import { parseArgs } from "node:util";
import { openBlobStore } from "#core/artifacts/open-blob-store.ts";
import { type Finding, verifyArtifacts } from "#core/artifacts/verify-artifacts.ts";
import { readKeepingConfig } from "#core/config.ts";
import { openDatabase } from "#core/database/client.ts";
import { messageOf } from "#core/errors.ts";
import { ConfigError } from "#core/settings.ts";

const progressEveryMs = 10_000;

try {
  const { values } = parseArgs({ options: { json: { type: "boolean", default: false }, from: { type: "string" } } });
  const { database, artifacts, keeping } = readKeepingConfig(process.env);
  const db = openDatabase(database);
  const blobs = openBlobStore(artifacts);
  const findings: Finding[] = [];
  const counts = { damaged: 0, leftovers: 0 };
  let saidAt = Date.now();
  if (!values.json) console.log(lineOf("what", "bytes", "digest, upload or key", "found"));
  const verified = await verifyArtifacts(
    { db, blobs },
    {
      after: values.from ?? "",
      graceMs: keeping.graceMs,
      bytesPerSecond: keeping.verifyBytesPerSecond,
      signal: new AbortController().signal,
      onFinding(finding) {
        counts[finding.what === "leftover" ? "leftovers" : "damaged"] += 1;
        if (values.json) findings.push(finding);
        else console.log(rowOf(finding));
      },
      onProgress(progress) {
        if (Date.now() - saidAt < progressEveryMs) return;
        saidAt = Date.now();
        const { last, ...so } = progress;
        console.error(`${so.blobs} blobs with ${so.sizeBytes} bytes are verified; to go on from here: --from ${last}`);
      },
    },
  );
  blobs.close();
  await db.$disconnect();
  const sums = { ...verified, ...counts };
  console.log(
    values.json
      ? JSON.stringify({ ...sums, findings }, null, 2)
      : `${sums.blobs} blobs with ${sums.sizeBytes} bytes: ${sums.damaged} damaged; ${sums.leftovers} objects without a row`,
  );
  process.exit(sums.damaged === 0 ? 0 : 1);
} catch (error) {
  const wrong = error instanceof ConfigError;
  console.error(wrong ? error.message : `what is stored could not be verified: ${messageOf(error)}`);
  process.exit(wrong ? 2 : 1);
}

function rowOf(finding: Finding): string {
  const [name, found] =
    finding.what === "leftover"
      ? [finding.key, `stored ${finding.since.toISOString()}, named by no row`]
      : [
          "upload" in finding ? `upload ${finding.upload}` : finding.digest,
          [finding.detail, ...finding.files].join("; "),
        ];
  return lineOf(finding.what, finding.sizeBytes === null ? "?" : String(finding.sizeBytes), name, found);
}

function lineOf(what: string, bytes: string, name: string, found: string): string {
  return [what.padEnd(10), bytes.padStart(16), name.padEnd(71), found].join("  ");
}
