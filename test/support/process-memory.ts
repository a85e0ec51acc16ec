import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** proc(5) is where a process's memory can be read; only Linux has it. */
export const memoryIsReadable = existsSync("/proc/self/status");

/** Resident bytes of a process: now, and at their most since it started. */
export function memoryOf(pid: number): { nowBytes: number; peakBytes: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kibibytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]);
  return { nowBytes: kibibytes("VmRSS") * 1024, peakBytes: kibibytes("VmHWM") * 1024 };
}

/** Its most is counted anew, from what it has now (proc(5), clear_refs). */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}
