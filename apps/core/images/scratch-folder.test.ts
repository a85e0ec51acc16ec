import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, readdir, rename, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { emptyScratchDir, withScratchFolder } from "./scratch-folder.ts";

let top: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "slipway-scratch-"));
});
afterEach(() => rmSync(top, { recursive: true }));

async function left(name: string, hoursAgo: number): Promise<void> {
  await mkdir(join(top, name));
  await writeFile(join(top, name, "file"), "x");
  const time = Date.now() / 1_000 - hoursAgo * 3_600;
  await utimes(join(top, name), time, time);
}

describe("a scratch folder", () => {
  it("is gone after the work, whether it succeeds or fails", async () => {
    const scratch = join(top, "not/there/yet");
    const work = async (folder: string) => writeFile(join(folder, "file"), "x");
    await withScratchFolder(scratch, "base", work);
    await expect(
      withScratchFolder(scratch, "base", async (folder) => {
        await work(folder);
        throw new Error("failed");
      }),
    ).rejects.toThrow("failed");
    expect(await readdir(scratch)).toEqual([]);
  });

  it("may be moved to where it stays", async () => {
    await withScratchFolder(top, "base", (folder) => rename(folder, join(top, "kept")));
    expect(await readdir(top)).toEqual(["kept"]);
  });

  it("takes away what a killed process left long ago, and touches nothing that is in use or of another purpose", async () => {
    await left("base-old", 7);
    await left("base-in-use", 1);
    await left("runtime-old", 7);
    await withScratchFolder(top, "base", async () => {});
    expect((await readdir(top)).sort()).toEqual(["base-in-use", "runtime-old"]);
  });

  it("is emptied at a start, where it lies in the data directory", async () => {
    await mkdir(join(top, "data/scratch/base-1/usr"), { recursive: true });
    await writeFile(join(top, "data/scratch/base-1/usr/file"), "x");
    await emptyScratchDir(join(top, "data/scratch"), join(top, "data"));
    expect(await readdir(join(top, "data"))).toEqual(["scratch"]);
    expect(await readdir(join(top, "data/scratch"))).toEqual([]);
    await emptyScratchDir(join(top, "data/not-there"), join(top, "data"));
  });

  it("is left alone at a start, where it is or leads anywhere else", async () => {
    await mkdir(join(top, "data"));
    await mkdir(join(top, "data-2/others"), { recursive: true });
    await symlink(join(top, "data-2"), join(top, "data/scratch"));
    for (const scratch of ["data-2", "data/scratch", "data", "."])
      await emptyScratchDir(join(top, scratch), join(top, "data"));
    expect(await readdir(join(top, "data-2"))).toEqual(["others"]);
    expect(await readdir(join(top, "data"))).toEqual(["scratch"]);
  });
});
