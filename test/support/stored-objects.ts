import { readdir } from "node:fs/promises";
import { Readable } from "node:stream";
import type { BlobKey, BlobStore } from "#core/artifacts/blob-store.ts";
import { ownerKey } from "#core/artifacts/store-owner.ts";
import type { ArtifactsConfig } from "#core/config.ts";

interface Kept {
  config: { artifacts: Pick<ArtifactsConfig, "dir" | "s3"> };
  blobs: BlobStore;
}

/** A name for everything that the store holds, whole or not, with or without a row; its mark aside, which the first
 *  collection puts there. */
export async function storedObjects({ config, blobs }: Kept): Promise<string[]> {
  const { dir, s3 } = config.artifacts;
  if (s3 === null) {
    const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
    return entries.flatMap((entry) => (entry.isFile() && entry.name !== ownerKey ? [entry.name] : [])).sort();
  }
  const names: string[] = [];
  for await (const page of blobs.list()) names.push(...page.map(({ key }) => key).filter((key) => key !== ownerKey));
  for await (const page of blobs.parts.unfinished()) names.push(...page.map(({ key, id }) => `${key} in parts ${id}`));
  return names.sort();
}

/** Other bytes under a key of the store: what a disk, or a person, might do. */
export async function replaceStored({ blobs }: Pick<Kept, "blobs">, key: string, bytes: Buffer): Promise<void> {
  await blobs.remove(key as BlobKey);
  await blobs.put(key as BlobKey, Readable.from([bytes]));
}
