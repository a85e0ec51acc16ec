import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, readdir, rename, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { emptyScratchDir, removeAbandoned, withScratchFolder } from "./scratch-folder.ts";

let top: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "slipway-scratch-"));
});
afterEach(() => rmSync(top, { recursive: true }));

async function left(name: string, secondsAgo: number): Promise<void> {
  await mkdir(join(top, name));
  await writeFile(join(top, name, "file"), "x");
  const time = Date.now() / 1_000 - secondsAgo;
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

  it("is taken away when a killed process left it, and never while it is in use or is another program's", async () => {
    await left("slipway-scratch-runtime-a1B2c3", 60);
    await left("slipway-scratch-runtime-d4E5f6", 5);
    const others = ["runtime-of-another", "slipway-demo", "slipway-scratch", "slipway-scratch-kept"];
    for (const name of others) await left(name, 60);
    await writeFile(join(top, "slipway-scratch-notes-a1B2c3"), "a file of somebody's");
    await utimes(join(top, "slipway-scratch-notes-a1B2c3"), 0, 0);
    await withScratchFolder(top, "base", async (folder) => {
      const longAgo = Date.now() / 1_000 - 60;
      await utimes(folder, longAgo, longAgo);
      await vi.waitUntil(async () => (await stat(folder)).mtimeMs > Date.now() - 10_000, { timeout: 45_000 });
      const fresh = Date.now() / 1_000 - 5;
      await utimes(join(top, "slipway-scratch-runtime-d4E5f6"), fresh, fresh);
      await removeAbandoned(top);
      expect(await readdir(top)).toEqual(
        [...others, basename(folder), "slipway-scratch-notes-a1B2c3", "slipway-scratch-runtime-d4E5f6"].sort(),
      );
    });
    await removeAbandoned(join(top, "not-there"));
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
