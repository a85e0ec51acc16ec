import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { identify, isAlive, type ProcessIdentity } from "./process-identity.ts";
import { signalGroup } from "./signal-group.ts";

/** One line of the ledger file, a JSON array in the order of starting. */
interface Entry extends ProcessIdentity {
  name: string;
  stopSignal: NodeJS.Signals;
}

/** Which processes an instance has running, on disk, so that the next start can end what a killed
 *  supervisor left behind. */
export interface Ledger {
  record(child: { name: string; pid: number; stopSignal: NodeJS.Signals }): void;
  forget(pid: number): void;
  /** All that still runs, at once, and whatever is recorded from now on. */
  killAll(): void;
}

export function openLedger(path: string): Ledger {
  let entries: Entry[] = [];
  let closed = false;
  const write = () => {
    writeFileSync(`${path}.new`, JSON.stringify(entries), { mode: 0o600, flush: true });
    renameSync(`${path}.new`, path);
  };
  write();
  return {
    record({ name, pid, stopSignal }) {
      const identity = identify(pid);
      if (identity === null) return;
      if (closed) return signalGroup(pid, "SIGKILL");
      entries.push({ name, stopSignal, ...identity });
      write();
    },
    forget(pid) {
      entries = entries.filter((entry) => entry.pid !== pid);
      if (entries.length > 0) write();
      else rmSync(path, { force: true });
    },
    killAll() {
      closed = true;
      for (const entry of [...entries].reverse()) signalGroup(entry.pid, "SIGKILL");
    },
  };
}

/** Ends the processes that a ledger still names, the last started first, each with a little time to end
 *  in good order. Returns their names. Call it only while holding the instance lock. */
export async function endOrphans(path: string, graceMs: number): Promise<string[]> {
  const orphans = readLedger(path).filter(isAlive).reverse();
  for (const orphan of orphans) {
    process.kill(orphan.pid, orphan.stopSignal);
    if (!(await goneWithin(orphan, graceMs))) signalGroup(orphan.pid, "SIGKILL");
    // One in the middle of an fsync ends when the disk has done it.
    if (!(await goneWithin(orphan, 15_000)))
      throw new Error(`${orphan.name} (process ${orphan.pid}) of an earlier start does not end, even when killed`);
    signalGroup(orphan.pid, "SIGKILL");
  }
  return orphans.map((orphan) => orphan.name);
}

function readLedger(path: string): Entry[] {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Entry[];
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw new Error(`${path} cannot be read: ${String(error)}`);
  }
}

async function goneWithin(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  for (const end = Date.now() + timeoutMs; isAlive(identity); await sleep(20)) if (Date.now() > end) return false;
  return true;
}
