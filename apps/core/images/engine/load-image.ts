/*
 * An image as `docker save` writes it, https://github.com/moby/docker-image-spec/blob/v1.3.1/v1.2.md:
 *
 *   manifest.json   [{Config, RepoTags, Layers}]
 *   <hex>.json      the config
 *   <hex>.tar       each layer
 */
import type { Readable } from "node:stream";
import type { BuiltImage } from "../image-builder.ts";
import { type TarEntry, tarStream } from "../layers/tar.ts";
import type { Engine } from "./open-engine.ts";
import { hasImage } from "./pull-image.ts";
import { throughRows } from "./rows.ts";

/** Brings an image to an engine without a registry, under a name (`name:tag`). Throws what went wrong. */
export async function loadImage(engine: Engine, image: BuiltImage, name: string, signal: AbortSignal): Promise<void> {
  const rows = await engine.docker.loadImage(tarStream(entriesOf(image, name)), { quiet: true, abortSignal: signal });
  await throughRows(rows as Readable, signal);
  if (!(await hasImage(engine, name))) throw new Error(`the engine did not take ${name}`);
}

/** The tags of a name that the engine has. */
export async function tagsOf(engine: Engine, name: string, signal: AbortSignal): Promise<string[]> {
  const found = await engine.docker.listImages({ filters: { reference: [name] }, abortSignal: signal });
  return found.flatMap(({ RepoTags }) => RepoTags ?? []).map((tagged) => tagged.slice(tagged.lastIndexOf(":") + 1));
}

function entriesOf({ config, digest, layers }: BuiltImage, name: string): TarEntry[] {
  const configPath = `${hexOf(digest)}.json`;
  const pathOf = (layer: { digest: string }) => `${hexOf(layer.digest)}.tar`;
  const manifest = [{ Config: configPath, RepoTags: [name], Layers: layers.map(pathOf) }];
  const unlike = new Map(layers.map((layer) => [pathOf(layer), layer]));
  return [
    bytesEntry("manifest.json", Buffer.from(JSON.stringify(manifest))),
    bytesEntry(configPath, config),
    ...[...unlike].map(([path, { sizeBytes, open }]) => fileEntry(path, sizeBytes, open)),
  ];
}

function bytesEntry(path: string, bytes: Buffer): TarEntry {
  return fileEntry(path, bytes.length, async () => [bytes]);
}

function fileEntry(path: string, sizeBytes: number, open: Extract<TarEntry, { type: "file" }>["open"]): TarEntry {
  return { type: "file", path, executable: false, sizeBytes, open };
}

function hexOf(digest: string): string {
  return digest.slice("sha256:".length);
}
