import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** A process named beyond doubt: a pid alone is given to another process sooner or later, and in a
 *  container, where pids are few, at the very next start. */
export interface ProcessIdentity {
  pid: number;
  /** When it started, as the system says it. Comparable for equality only. */
  started: string;
}

/** Null when no such process lives. A zombie does not. */
export function identify(pid: number): ProcessIdentity | null {
  const started = process.platform === "linux" ? startOnLinux(pid) : startByPs(pid);
  return started === null ? null : { pid, started };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.started === identity.started;
}

/** Clock ticks since boot (field 22 of proc_pid_stat(5)), and which boot. */
function startOnLinux(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in parentheses, and may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return null;
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()}/${fields[19]}`;
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOENT" || code === "ESRCH";
}

function startByPs(pid: number): string | null {
  try {
    const line = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
    return line === "" || line.startsWith("Z") ? null : line.replace(/^\S+\s+/, "");
  } catch (error) {
    // ps answers 1 for a pid that is not there.
    if (error instanceof Error && "status" in error && error.status === 1) return null;
    throw error;
  }
}
