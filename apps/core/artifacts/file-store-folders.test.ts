import { mkdir, mkdtemp, open, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { ensureFolder } from "./file-store-folders.ts";

it("a folder that another has made is used when its name is durable, and is synced once", async () => {
  const root = await mkdtemp(join(tmpdir(), "slipway-folders-"));
  const handle = await open(root);
  const synced: number[] = [];
  vi.spyOn(Object.getPrototypeOf(handle), "sync").mockImplementation(async function (this: typeof handle) {
    synced.push((await this.stat()).ino);
  });
  await handle.close();
  const [parent, folder] = [join(root, "store"), join(root, "store", "ab")];
  await mkdir(folder, { recursive: true }); // of a process that has not come to its sync
  await Promise.all([ensureFolder(folder), ensureFolder(folder)]);
  const syncsOf = async (path: string) => {
    const { ino } = await stat(path);
    return synced.filter((one) => one === ino).length;
  };
  expect([await syncsOf(parent), await syncsOf(root)]).toEqual([1, 1]);
  await ensureFolder(folder);
  expect(await syncsOf(parent)).toBe(1);
  await rm(folder, { recursive: true });
  await ensureFolder(folder);
  expect(await syncsOf(parent)).toBe(2);
  vi.restoreAllMocks();
  await rm(root, { recursive: true });
});
