import type { Dirent } from "node:fs";
import { mkdir, open, readdir } from "node:fs/promises";
import { dirname } from "node:path";
import { isSlipwayError } from "#core/errors.ts";
import { noSpaceLeft, storeAway } from "./store-faults.ts";

/** A new folder's name is durable only when its parent is synced, at each level that was made. */
export async function ensureFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
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
