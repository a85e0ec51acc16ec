import type { Dirent } from "node:fs";
import { mkdir, open, readdir } from "node:fs/promises";
import { dirname } from "node:path";
import { isSlipwayError } from "#core/errors.ts";
import { noSpaceLeft, storeAway } from "./store-faults.ts";

/** Names of folders that this process has made durable, or is about to. */
const durable = new Map<string, Promise<void>>();

/** A folder's name is durable only when its parent is synced, at each level. Whoever finds the folder made by another cannot
 *  know that the other has come so far: so each process syncs each name once, and its writers wait for the same sync. */
export async function ensureFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  // Once removed, it is new again.
  if (first !== undefined)
    for (let made = path; made.length >= first.length; made = dirname(made)) durable.delete(made);
  await makeDurable(path);
}

function makeDurable(path: string): Promise<void> {
  const known = durable.get(path);
  if (known !== undefined) return known;
  const parent = dirname(path);
  const syncing = (async () => {
    if (parent === path) return;
    await makeDurable(parent);
    await syncFolder(parent).catch(nullIfNotOurs);
  })();
  durable.set(path, syncing);
  syncing.catch(() => durable.delete(path));
  return syncing;
}

/** Above the store are folders that we may not read, or that no disk keeps: their names are not ours. */
function nullIfNotOurs(error: unknown): null {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EACCES" || code === "EPERM" || code === "EINVAL" || code === "EROFS") return null;
  throw error;
}

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** What the file system refuses is the store's fault, not the body's: `store_full` where there is no space, and else (no
 *  permission, a disk that is gone) `unavailable`. */
export function storeFault(error: unknown): unknown {
  const isOurs = error instanceof Error && "code" in error && "syscall" in error;
  if (!isOurs || isSlipwayError(error)) return error;
  return error.code === "ENOSPC" || error.code === "EDQUOT" ? noSpaceLeft(error) : storeAway(error);
}

export function nullIfMissing(error: unknown): null {
  if (isMissing(error)) return null;
  throw error;
}

export async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(nullIfMissing)) ?? [];
}

export async function foldersIn(folder: string): Promise<Dirent[]> {
  const entries = (await readdir(folder, { withFileTypes: true }).catch(nullIfMissing)) ?? [];
  return entries.filter((entry) => entry.isDirectory());
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
