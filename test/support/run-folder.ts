import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endOrphans } from "#standalone/ledger.ts";
import { identify, isAlive, type ProcessIdentity } from "#standalone/process-identity.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** What test files make for those after them: see made-before.ts. */
    madeFolder: string;
  }
}

/*
 * <tmp>/slipway-test-XXXXXX/holder.json      the process that runs the tests
 *                           processes.json   what it has started
 */
const prefix = "slipway-test-";

/** A folder for one run of tests. Runs that were killed are cleared away first, with their processes. */
export async function makeRunFolder(): Promise<string> {
  await clearDeadRuns();
  const folder = mkdtempSync(join(tmpdir(), prefix));
  chmodSync(folder, 0o711); // Postgres may run as another user
  writeFileSync(join(folder, "holder.json"), JSON.stringify(identify(process.pid)));
  return folder;
}

/** Of all suites that are run together, where there are several, or else of this run. */
export function madeFolderIn(runFolder: string): string {
  return process.env["SLIPWAY_TEST_MADE"] ?? join(runFolder, "made");
}

async function clearDeadRuns(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(prefix))) {
    const folder = join(tmpdir(), name);
    const holder = readHolder(folder);
    if (holder === null || isAlive(holder)) continue;
    await endOrphans(join(folder, "processes.json"), 500);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Null while the folder is being made, or is already gone. */
function readHolder(folder: string): ProcessIdentity | null {
  try {
    return JSON.parse(readFileSync(join(folder, "holder.json"), "utf8")) as ProcessIdentity;
  } catch {
    return null;
  }
}
