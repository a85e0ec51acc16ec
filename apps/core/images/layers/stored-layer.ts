import { type Blobs, openBlob, referToBlobs, storeBlob } from "#core/artifacts/blobs.ts";
import type { Digest } from "#core/artifacts/digest.ts";
import type { Transaction } from "#core/database/client.ts";
import type { Layer, LayerKind } from "../image-builder.ts";
import { mediaTypes } from "../oci.ts";
import { sortEntries, type TarEntry, tarSizeBytes, tarStream } from "./tar.ts";

/** A layer whose bytes are a blob: what stands in the tables of bases and runtimes. */
export interface StoredLayer {
  digest: Digest;
  /** Digest of the uncompressed archive; the same as `digest` where nothing is compressed. */
  diffId: Digest;
  sizeBytes: number;
  mediaType: string;
  kind: LayerKind;
}

/** Writes the entries as one uncompressed layer and keeps it as a blob. */
export async function storeLayer(
  blobs: Blobs,
  entries: readonly TarEntry[],
  options: { kind: LayerKind; signal: AbortSignal },
): Promise<StoredLayer> {
  const announcedBytes = tarSizeBytes(entries);
  const { signal } = options;
  const { digest, sizeBytes } = await storeBlob(blobs, tarStream(sortEntries(entries)), { announcedBytes, signal });
  return { digest, diffId: digest, sizeBytes, mediaType: mediaTypes.layerTar, kind: options.kind };
}

/** In the transaction that puts them on record; from then on they are kept. Throws where the collector took one for garbage
 *  while the others were made. */
export async function referToLayers(tx: Transaction, layers: readonly StoredLayer[]): Promise<void> {
  const kept = await referToBlobs(
    tx,
    layers.map(({ digest }) => digest),
  );
  const gone = layers.find(({ digest }) => !kept.has(digest));
  if (gone !== undefined) throw new Error(`the layer ${gone.digest} was collected before it was on record`);
}

export function openStoredLayer(blobs: Blobs, stored: StoredLayer): Layer {
  return { ...stored, open: () => openBlob(blobs, stored.digest) };
}
