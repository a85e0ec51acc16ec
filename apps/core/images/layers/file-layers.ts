import type { Digest } from "#core/artifacts/digest.ts";
import type { Transaction } from "#core/database/client.ts";
import type { SealedFile } from "../image-builder.ts";
import { tarLayout } from "./tar.ts";

/** Where the package's files lie in the image. */
const modelFolder = "opt/model";

export function pathInImage(path: string): string {
  return `${modelFolder}/${path}`;
}

/** A file, and the digest of the layer that it has for itself; without one it shares a layer, or nobody knows yet. */
type LayeredFile = Pick<SealedFile, "path" | "digest"> & { framedDigest?: Digest };

/** Null where it is not on record. */
export async function findFileLayer(
  db: Pick<Transaction, "fileLayer">,
  model: string,
  file: LayeredFile,
): Promise<Digest | null> {
  const known = await db.fileLayer.findUnique({ where: { path_blobDigest: keyOf(model, file) } });
  return known === null ? null : (known.layerDigest as Digest);
}

/** Keeps the digests of those files that have one. */
export async function noteFileLayers(
  db: Pick<Transaction, "fileLayer">,
  model: string,
  files: readonly LayeredFile[],
): Promise<void> {
  const data = files.flatMap(({ framedDigest, ...file }) =>
    framedDigest === undefined ? [] : [{ ...keyOf(model, file), layerDigest: framedDigest }],
  );
  if (data.length > 0) await db.fileLayer.createMany({ data, skipDuplicates: true });
}

/** What decides about a layer: how layers are laid out, path and bytes. And each model by itself: a build that is quicker
 *  by a pass over a file would tell of another's. */
function keyOf(model: string, { path, digest }: LayeredFile): { path: string; blobDigest: string } {
  return { path: `${tarLayout}:${model}:${pathInImage(path)}`, blobDigest: digest };
}
