import type { Readable } from "node:stream";
import type { ByteRange, PresignedRequest } from "#core/artifacts/blob-store.ts";
import { keysOf, noSuchBlob } from "#core/artifacts/blobs.ts";
import { openNoting, type PlacedBlob } from "#core/artifacts/checked-read.ts";
import type { Registry } from "#core/registry.ts";
import type { StoredFile } from "./files.ts";

/** A file's bytes on their way to a client, checked as they pass: see `openNoting`. */
export async function sendFile(
  needs: Pick<Registry, "db" | "blobs" | "log">,
  file: StoredFile,
  range?: ByteRange,
): Promise<Readable> {
  const [placed] = await placeFiles(needs, [file]);
  return openPlaced(needs, placed as PlacedBlob, range);
}

/** Damage is an alarm. */
export function openPlaced(
  { db, blobs, log }: Pick<Registry, "db" | "blobs" | "log">,
  { digest, key, sizeBytes }: PlacedBlob,
  range?: ByteRange,
): Promise<Readable> {
  const onDamage = (error: string) => log.error({ digest, key, sizeBytes, error }, "stored bytes are damaged");
  return openNoting({ db, blobs }, { digest, key, sizeBytes }, { range, onDamage });
}

/** A request by which a client has the file's bytes of the store itself; null where it cannot reach it. Whoever has it needs
 *  no right of Slipway's until it expires. */
export async function linkToFile(
  { db, blobs }: Pick<Registry, "db" | "blobs">,
  file: StoredFile,
  options: { disposition: string; lifetimeSeconds: number },
): Promise<PresignedRequest | null> {
  if (blobs.direct === null) return null;
  const [placed] = await placeFiles({ db }, [file]);
  return blobs.direct.get((placed as PlacedBlob).key, options);
}

/** The same files with the places of their bytes, by one question for all. Throws `blob_not_found`. */
export async function placeFiles<File extends StoredFile>(
  { db }: Pick<Registry, "db">,
  files: readonly File[],
): Promise<(File & PlacedBlob)[]> {
  const keys = await keysOf(
    { db },
    files.map(({ digest }) => digest),
  );
  return files.map((file) => {
    const key = keys.get(file.digest);
    if (key === undefined) throw noSuchBlob(file.digest);
    return { ...file, key };
  });
}
