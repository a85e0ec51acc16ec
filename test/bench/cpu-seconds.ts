import { readFileSync } from "node:fs";

/** Linux tells every program so (proc(5), sysconf(_SC_CLK_TCK)). */
const ticksASecond = 100;

/** User and system time of a process so far, and of those that it started and that have ended. */
export function cpuSecondsOf(pid: number): number {
  const { own, ended } = timesOf(String(pid));
  return own + ended;
}

/** The same of the commands that this process ran. */
export function cpuSecondsOfCommands(): number {
  return timesOf("self").ended;
}

/** utime, stime, cutime and cstime follow the name, which stands in brackets and may hold any. */
function timesOf(process: string): { own: number; ended: number } {
  const stat = readFileSync(`/proc/${process}/stat`, "utf8");
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 15)
    .map(Number);
  return { own: (user + system) / ticksASecond, ended: (endedUser + endedSystem) / ticksASecond };
}
