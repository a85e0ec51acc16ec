import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { whenDone } from "#test/when-done.ts";

/** A file system of its own that can be made full. */
export interface SmallDisk {
  folder: string;
  /** Leaves this much. */
  fill(freeBytes: number): void;
  empty(): void;
}

/** Why no file system can be mounted here, or null. */
export function reasonAgainstMounting(): string | null {
  const folder = temporaryFolder();
  const { status, stderr, error } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], {
    encoding: "utf8",
  });
  if (status !== 0) return error?.message ?? stderr.trim();
  execFileSync("umount", [folder]);
  return null;
}

export function smallDisk(megabytes: number): SmallDisk {
  const folder = join(temporaryFolder(), "disk");
  mkdirSync(folder);
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m,mode=0711`, "tmpfs", folder]);
  whenDone(() => execFileSync("umount", ["--lazy", folder]));
  const filler = join(folder, "filler");
  const piece = Buffer.alloc(1024 * 1024);
  return {
    folder,
    fill(freeBytes) {
      const free = () => {
        const { bavail, bsize } = statfsSync(folder);
        return bavail * bsize;
      };
      while (free() > freeBytes)
        writeFileSync(filler, piece.subarray(0, Math.min(piece.length, free() - freeBytes)), { flag: "a" });
    },
    empty: () => rmSync(filler, { force: true }),
  };
}
