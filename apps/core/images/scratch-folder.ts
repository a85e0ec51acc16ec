import { lstat, mkdir, mkdtemp, readdir, realpath, rm, utimes } from "node:fs/promises";
import { join, sep } from "node:path";

/*
 * <scratch dir>/slipway-scratch-<purpose>-XXXXXX/    lent to a piece of work; touched all the time that it lasts
 */
const prefix = "slipway-scratch-";
const lent = /^slipway-scratch-[a-z]+-[A-Za-z0-9]{6}$/;
const touchEveryMs = 2_000;
/** What nobody has touched for so long was left by a process that was killed. */
const abandonedAfterMs = 30_000;

/** Lends a new empty folder, and removes it whatever happens. */
export async function withScratchFolder<T>(
  scratchDir: string,
  purpose: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const { folder, remove } = await holdScratchFolder(scratchDir, purpose);
  try {
    return await work(folder);
  } finally {
    await remove();
  }
}

/** A new empty folder, lent until `remove`: for what outlives the function that made it. */
export async function holdScratchFolder(
  scratchDir: string,
  purpose: string,
): Promise<{ folder: string; remove(): Promise<void> }> {
  await mkdir(scratchDir, { recursive: true });
  const folder = await mkdtemp(join(scratchDir, `${prefix}${purpose}-`));
  // It may have been moved to where it stays.
  const touching = setInterval(() => void utimes(folder, new Date(), new Date()).catch(() => {}), touchEveryMs);
  return {
    folder,
    async remove() {
      clearInterval(touching);
      await remove(folder);
    },
  };
}

/** Removes what killed processes left of the folders that were lent, and nothing else: the scratch folder may be shared
 *  with others of this machine. */
export async function removeAbandoned(scratchDir: string): Promise<void> {
  for (const name of (await readdir(scratchDir).catch(ifMissing)) ?? []) {
    if (!lent.test(name)) continue;
    const folder = join(scratchDir, name);
    const found = await lstat(folder).catch(ifMissing);
    if (found?.isDirectory() && found.mtimeMs < Date.now() - abandonedAfterMs) await remove(folder);
  }
}

/** Removes whatever killed processes left in the scratch folder, where it lies in `dataDir`; elsewhere it may be shared
 *  with others. For a time when nobody works in it. */
export async function emptyScratchDir(scratchDir: string, dataDir: string): Promise<void> {
  const folder = await realpath(scratchDir).catch(ifMissing);
  if (folder === null || !folder.startsWith(`${await realpath(dataDir)}${sep}`)) return;
  const removals = await Promise.allSettled((await readdir(folder)).map((name) => remove(join(folder, name))));
  const failed = removals.find((removal) => removal.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/** A child that is just ending may still write: removing is tried again. */
async function remove(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

function ifMissing(error: unknown): null {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
  throw error;
}
