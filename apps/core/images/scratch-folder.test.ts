import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, readdir, rename, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withScratchFolder } from "./scratch-folder.ts";

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
});
