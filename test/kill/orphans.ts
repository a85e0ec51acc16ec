import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface RunningProcess {
  pid: number;
  parent: number;
  command: string;
  cwd: string;
}

/** Every process of this machine that can be looked at (proc(5)). */
export function runningProcesses(): RunningProcess[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (state === "Z") return [];
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      return [{ pid: Number(name), parent: Number(parent), command, cwd: readlinkSync(`/proc/${name}/cwd`) }];
    } catch {
      return []; // it has just ended, or is another user's
    }
  });
}

/** Processes that work in one of the folders or name it in their command, and descend from none of `living`. */
export function orphansIn(folders: readonly string[], living: readonly number[]): RunningProcess[] {
  const all = runningProcesses();
  const byPid = new Map(all.map((running) => [running.pid, running]));
  const isLiving = (running: RunningProcess | undefined): boolean =>
    running !== undefined && (living.includes(running.pid) || isLiving(byPid.get(running.parent)));
  return all.filter(
    (running) =>
      folders.some((folder) => running.cwd.startsWith(folder) || running.command.includes(folder)) &&
      !isLiving(running),
  );
}
