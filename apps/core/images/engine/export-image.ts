/*
 * An image as the engine gives it away (GET /images/{id}/get), a tar archive in the order that suits the engine:
 *
 *   manifest.json                          [{"Config": <path>, "Layers": [<path>, …]}], from the bottom up
 *   <id>.json | blobs/sha256/<hex>         the configuration
 *   <id>/layer.tar | blobs/sha256/<hex>    a layer, or a link to one that is the same
 */
import { createReadStream, createWriteStream } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract } from "tar-stream";
import { type Digest, digestFrom, sha256 } from "#core/artifacts/digest.ts";
import { orAborted } from "#core/or-aborted.ts";
import { inLargeChunks } from "../layers/tar.ts";
import { type ImageConfig, mediaTypes } from "../oci.ts";
import type { Engine } from "./open-engine.ts";

export interface ExportedLayer {
  /** On this machine. */
  file: string;
  digest: Digest;
  diffId: Digest;
  sizeBytes: number;
  mediaType: string;
}

export interface ExportedImage {
  config: ImageConfig & Record<string, unknown>;
  layers: ExportedLayer[];
}

interface SavedFile {
  file: string;
  digest: Digest;
  sizeBytes: number;
}

/** Writes the image's layers into a folder, as they come, and believes none before it has its digest. */
export async function exportImage(
  { docker }: Engine,
  imageId: string,
  folder: string,
  signal: AbortSignal,
): Promise<ExportedImage> {
  // It takes no signal; what comes too late is let go of.
  const asked = docker.getImage(imageId).get() as Promise<Readable>;
  const archive = await orAborted(asked, signal).catch((error: unknown) => {
    asked.then((late) => late.on("error", () => {}).destroy()).catch(() => {});
    throw error;
  });
  const { files, links } = await saveEntries(archive, folder, signal);
  const found = (path: string): SavedFile => {
    const file = files.get(path) ?? files.get(links.get(path) ?? "");
    if (file === undefined) throw new Error(`the engine's archive of ${imageId} has no ${path}`);
    return file;
  };
  const read = async (path: string): Promise<unknown> => JSON.parse(await readFile(found(path).file, "utf8"));
  const [manifest] = (await read("manifest.json")) as { Config: string; Layers: string[] }[];
  if (manifest === undefined) throw new Error(`the engine's archive of ${imageId} holds no image`);
  const config = (await read(manifest.Config)) as ExportedImage["config"];
  const layers: ExportedLayer[] = [];
  for (const [index, path] of manifest.Layers.entries()) {
    const saved = found(path);
    const diffId = config.rootfs.diff_ids[index];
    const isGzip = await startsAsGzip(saved.file);
    if (diffId === undefined || (!isGzip && diffId !== saved.digest))
      throw new Error(`the engine gave a layer with ${saved.digest}, and its image says ${diffId}`);
    layers.push({ ...saved, diffId, mediaType: isGzip ? mediaTypes.layerTarGzip : mediaTypes.layerTar });
  }
  return { config, layers };
}

async function saveEntries(
  archive: Readable,
  folder: string,
  signal: AbortSignal,
): Promise<{ files: Map<string, SavedFile>; links: Map<string, string> }> {
  const files = new Map<string, SavedFile>();
  const links = new Map<string, string>();
  const entries = extract();
  const save = async (): Promise<void> => {
    for await (const entry of entries) {
      entry.on("error", () => {});
      const { name, type, linkname } = entry.header;
      if (type === "symlink" || type === "link")
        links.set(name, type === "link" ? (linkname ?? "") : normalize(join(dirname(name), linkname ?? "")));
      else if (type === "file")
        files.set(name, await saveEntry(entry as AsyncIterable<Uint8Array>, join(folder, String(files.size))));
      entry.resume();
    }
  };
  const [flowed, saved] = await Promise.allSettled([pipeline(archive, entries, { signal }), save()]);
  signal.throwIfAborted();
  if (saved.status === "rejected") throw saved.reason;
  if (flowed.status === "rejected") throw flowed.reason;
  return { files, links };
}

async function saveEntry(entry: AsyncIterable<Uint8Array>, file: string): Promise<SavedFile> {
  const hash = sha256();
  let sizeBytes = 0;
  const measured = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of inLargeChunks(entry)) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      yield chunk;
    }
  };
  await pipeline(measured, createWriteStream(file, { flags: "wx" }));
  return { file, digest: digestFrom(hash), sizeBytes };
}

async function startsAsGzip(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await handle.close();
  }
}

export function openExported({ file }: ExportedLayer): Readable {
  return createReadStream(file, { highWaterMark: 1024 * 1024 });
}
