import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { identify, isAlive, type ProcessIdentity } from "./process-identity.ts";

/** A data directory has one instance at a time: its lock file names the process that has it. */
export interface InstanceLock {
  release(): void;
}

export class DataDirectoryInUse extends Error {
  constructor(path: string, holder: ProcessIdentity) {
    super(
      `another Slipway (process ${holder.pid}) is using this data directory (${path}): ` +
        "stop it, or set SLIPWAY_DATA_DIR (and SLIPWAY_PORT) to run a second one beside it",
    );
    this.name = "DataDirectoryInUse";
  }
}

/** The lock of a process that no longer lives is taken over. Two that take over in the same instant are
 *  told apart by what they find in the file they moved aside. */
export function lockDataDirectory(dataDir: string): InstanceLock {
  const path = `${dataDir}/instance.lock`;
  const own = identify(process.pid);
  if (own === null) throw new Error("this process does not find itself");
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, JSON.stringify(own), { mode: 0o600, flush: true });
  try {
    for (let tries = 0; tries < 10; tries++) {
      if (linkOnce(mine, path)) return { release: () => rmSync(path, { force: true }) };
      const holder = readHolder(path);
      if (holder === null) continue;
      if (isAlive(holder)) throw new DataDirectoryInUse(dataDir, holder);
      moveAside(path, holder, `${path}.stale.${process.pid}`);
    }
  } finally {
    rmSync(mine, { force: true });
  }
  throw new Error(`${path} changes hands all the time: are several Slipways being started on this data directory?`);
}

/** False when somebody has the lock. A link appears with its content, a new file would not. */
function linkOnce(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

function moveAside(path: string, stale: ProcessIdentity, aside: string): void {
  try {
    renameSync(path, aside);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return; // another was quicker
    throw error;
  }
  const moved = readHolder(aside);
  if (moved !== null && moved.started !== stale.started) linkOnce(aside, path); // theirs: put it back
  rmSync(aside, { force: true });
}

/** Null when the lock was let go of meanwhile. */
function readHolder(path: string): ProcessIdentity | null {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as ProcessIdentity;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw new Error(`${path} cannot be read; if no Slipway is running on this data directory, remove it`, {
      cause: error,
    });
  }
}
