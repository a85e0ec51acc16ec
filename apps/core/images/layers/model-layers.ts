import type { Readable } from "node:stream";
import { type Blobs, openBlob } from "#core/artifacts/blobs.ts";
import { openBlobChecked } from "#core/artifacts/checked-read.ts";
import { type Digest, digestFrom, sha256 } from "#core/artifacts/digest.ts";
import type { Layer, SealedFile } from "../image-builder.ts";
import { mediaTypes } from "../oci.ts";
import { bytesEntry, parentFolders, sortEntries, type TarEntry, tarLayout, tarSizeBytes, tarStream } from "./tar.ts";

/** Where the package's files lie in the image. */
const modelFolder = "opt/model";

/** From this size on a file is a layer of its own. */
export const ownLayerBytes = 8 * 1024 * 1024;

export interface ModelLayersOptions {
  /** Whose layers they are. */
  model: string;
  /** How many layers there may be, two at least: the largest files get one each, the others share. */
  most: number;
  signal: AbortSignal;
}

/** The layers of a package, each a function of its files' paths and bytes alone. Nothing is stored: a layer is read
 *  as its header and the file's blob, each time it is asked for. */
export async function modelLayers(
  blobs: Blobs,
  files: readonly SealedFile[],
  { model, most, signal }: ModelLayersOptions,
): Promise<Layer[]> {
  const { alone, together } = divideFiles(files, most - 1);
  const layers: Layer[] = [];
  if (together.length > 0) layers.push(layer(entriesOf(blobs, together), await digestOfFiles(blobs, together, signal)));
  for (const file of alone) layers.push(await fileLayer(blobs, model, file, signal));
  return layers;
}

export function divideFiles(
  files: readonly SealedFile[],
  mostAlone: number,
): { alone: SealedFile[]; together: SealedFile[] } {
  const byPath = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const alone = new Set(
    byPath
      .filter(({ sizeBytes }) => sizeBytes >= ownLayerBytes)
      .sort((a, b) => b.sizeBytes - a.sizeBytes)
      .slice(0, mostAlone),
  );
  return {
    alone: byPath.filter((file) => alone.has(file)),
    together: byPath.filter((file) => !alone.has(file)),
  };
}

/** A layer of generated entries, e.g. the description of what to serve. */
export async function generatedLayer(path: string, bytes: Buffer, signal: AbortSignal): Promise<Layer> {
  const entries = withParents([bytesEntry(path, bytes)]);
  return layer(entries, await digestOfLayer(entries, signal));
}

/** The digest of a large file's layer costs a pass over the file; it is kept by what decides it: how layers are laid
 *  out, path and bytes. And for each model by itself: a build that is quicker by that pass would tell of another's file. */
async function fileLayer(blobs: Blobs, model: string, file: SealedFile, signal: AbortSignal): Promise<Layer> {
  const entries = entriesOf(blobs, [file]);
  const key = { path: `${tarLayout}:${model}:${pathInImage(file)}`, blobDigest: file.digest };
  const known = await blobs.db.fileLayer.findUnique({ where: { path_blobDigest: key } });
  if (known !== null) return layer(entries, known.layerDigest as Digest);
  const digest = await digestOfFiles(blobs, [file], signal);
  await blobs.db.fileLayer.createMany({
    data: [{ ...key, layerDigest: digest }],
    skipDuplicates: true,
  });
  return layer(entries, digest);
}

function withParents(files: readonly TarEntry[]): TarEntry[] {
  return sortEntries([
    ...parentFolders(
      files.map(({ path }) => path),
      "opt",
    ),
    ...files,
  ]);
}

function layer(entries: readonly TarEntry[], digest: Digest): Layer {
  return {
    digest,
    diffId: digest,
    sizeBytes: tarSizeBytes(entries),
    mediaType: mediaTypes.layerTar,
    kind: "model",
    open: async (): Promise<Readable> => tarStream(entries),
  };
}

type OpenBlob = (blobs: Blobs, file: SealedFile) => Promise<Readable>;

function entriesOf(
  blobs: Blobs,
  files: readonly SealedFile[],
  open: OpenBlob = (needs, { digest }) => openBlob(needs, digest),
): TarEntry[] {
  return withParents(
    files.map((file) => ({
      type: "file",
      path: pathInImage(file),
      executable: false,
      sizeBytes: file.sizeBytes,
      open: () => open(blobs, file),
    })),
  );
}

function pathInImage({ path }: SealedFile): string {
  return `${modelFolder}/${path}`;
}

/** The files are held against their digests here. Whoever sends the layer then is told by its own digest. */
function digestOfFiles(blobs: Blobs, files: readonly SealedFile[], signal: AbortSignal): Promise<Digest> {
  return digestOfLayer(entriesOf(blobs, files, openBlobChecked), signal);
}

async function digestOfLayer(entries: readonly TarEntry[], signal: AbortSignal): Promise<Digest> {
  const hash = sha256();
  for await (const chunk of tarStream(entries)) {
    signal.throwIfAborted();
    hash.update(chunk as Buffer);
  }
  return digestFrom(hash);
}
