import type { Readable } from "node:stream";
import { type Blobs, openBlob } from "#core/artifacts/blobs.ts";
import { openBlobChecked } from "#core/artifacts/checked-read.ts";
import { type Digest, digestFrom, sha256 } from "#core/artifacts/digest.ts";
import type { Frame } from "#core/artifacts/ingest.ts";
import type { Layer, SealedFile } from "../image-builder.ts";
import { mediaTypes } from "../oci.ts";
import { findFileLayer, noteFileLayers, pathInImage } from "./file-layers.ts";
import { bytesEntry, parentFolders, sortEntries, type TarEntry, tarFrame, tarSizeBytes, tarStream } from "./tar.ts";

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

/** The digest of a large file's layer costs a pass over the file, where none was taken as its bytes came. */
async function fileLayer(blobs: Blobs, model: string, file: SealedFile, signal: AbortSignal): Promise<Layer> {
  const entries = entriesOf(blobs, [file]);
  const known = await findFileLayer(blobs.db, model, file);
  const examine = async (examining: AbortSignal) => void (await digestOfFiles(blobs, [file], examining));
  if (known !== null) return { ...layer(entries, known), examine };
  const digest = await digestOfFiles(blobs, [file], signal);
  await noteFileLayers(blobs.db, model, [{ ...file, framedDigest: digest }]);
  return layer(entries, digest);
}

/** What stands round the bytes of a file in the layer that it has for itself; null for one that shares a layer, or whose
 *  size is not known. */
export function layerFrame(path: string, sizeBytes: number | null): Frame | null {
  if (sizeBytes === null || sizeBytes < ownLayerBytes) return null;
  return tarFrame(withParents([fileEntry(path, sizeBytes, async () => [])]));
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
  return withParents(files.map((file) => fileEntry(file.path, file.sizeBytes, () => open(blobs, file))));
}

function fileEntry(path: string, sizeBytes: number, open: Extract<TarEntry, { type: "file" }>["open"]): TarEntry {
  return { type: "file", path: pathInImage(path), executable: false, sizeBytes, open };
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
