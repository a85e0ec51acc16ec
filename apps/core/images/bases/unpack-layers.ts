import { type Readable, Transform } from "node:stream";
import { createGunzip } from "node:zlib";
import { type Blobs, openBlob } from "#core/artifacts/blobs.ts";
import { digestFrom, sha256 } from "#core/artifacts/digest.ts";
import type { StoredLayer } from "../layers/stored-layer.ts";
import { unpackInto } from "./unpack.ts";

/** Lays layers over each other in a folder, from the bottom up, and checks each against its diff id. */
export async function unpackLayers(
  blobs: Blobs,
  layers: readonly StoredLayer[],
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  for (const layer of layers) {
    const stored = await openBlob(blobs, layer.digest);
    const hash = sha256();
    const measure = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        done(null, chunk);
      },
    });
    const stages: [Readable, ...Transform[]] = layer.mediaType.endsWith("gzip")
      ? [stored, createGunzip(), measure]
      : [stored, measure];
    await unpackInto(folder, stages, { signal });
    const diffId = digestFrom(hash);
    if (diffId !== layer.diffId)
      throw new Error(`the layer ${layer.digest} unpacks to ${diffId}, and its image says ${layer.diffId}`);
  }
}
