import { mkdir, mkdtemp, readdir, realpath, rm, stat } from "node:fs/promises";
import { join, sep } from "node:path";

/** Far longer than any work here may take: what is older was left by a process that was killed. */
const abandonedAfterMs = 6 * 3_600_000;

/** Lends a new empty folder, and removes it whatever happens. */
export async function withScratchFolder<T>(
  scratchDir: string,
  purpose: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  await mkdir(scratchDir, { recursive: true });
  await removeAbandoned(scratchDir, purpose);
  const folder = await mkdtemp(join(scratchDir, `${purpose}-`));
  try {
    return await work(folder);
  } finally {
    await remove(folder);
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

async function removeAbandoned(scratchDir: string, purpose: string): Promise<void> {
  for (const name of await readdir(scratchDir)) {
    if (!name.startsWith(`${purpose}-`)) continue;
    const folder = join(scratchDir, name);
    const found = await stat(folder).catch(ifMissing);
    if (found !== null && found.mtimeMs < Date.now() - abandonedAfterMs) await remove(folder);
  }
}

/** A child that is just ending may still write: removing is tried again. */
async function remove(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

function ifMissing(error: unknown): null {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
  throw error;
}
