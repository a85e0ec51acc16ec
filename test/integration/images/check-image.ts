import { createHash } from "node:crypto";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import { expect } from "vitest";
import { type Digest, digestFrom, digestOf, sha256 } from "#core/artifacts/digest.ts";
import type { Layer, PlatformImage } from "#core/images/image-builder.ts";
import type { ImageConfig, Manifest } from "#core/images/oci.ts";

interface LayerEntry {
  path: string;
  type: string;
  mode: number;
  sizeBytes: number;
  target: string;
  sha256: string;
}

export interface CheckedLayer {
  layer: Layer;
  entries: LayerEntry[];
}

/** Believes nothing that an image says of itself: every digest, size and diff id is computed again from the bytes, and
 *  every layer's archive is read through. What no engine has written has no time and no owner. */
export async function checkImage(
  image: PlatformImage,
  { byEngine = false }: { byEngine?: boolean } = {},
): Promise<{ config: ImageConfig; layers: CheckedLayer[] }> {
  const manifest = JSON.parse(image.manifest.toString("utf8")) as Manifest;
  const config = JSON.parse(image.config.toString("utf8")) as ImageConfig;
  expect(image.digest).toBe(digestOf(image.manifest));
  expect(manifest.schemaVersion).toBe(2);
  expect(manifest.mediaType).toBe("application/vnd.oci.image.manifest.v1+json");
  expect(manifest.config).toEqual({
    mediaType: "application/vnd.oci.image.config.v1+json",
    digest: digestOf(image.config),
    size: image.config.length,
  });
  expect(manifest.layers.map(({ digest }) => digest)).toEqual(image.layers.map(({ digest }) => digest));
  expect(manifest.layers.length).toBeLessThanOrEqual(127);
  expect(config.history?.filter((step) => !("empty_layer" in step && step.empty_layer))).toHaveLength(
    manifest.layers.length,
  );
  const layers: CheckedLayer[] = [];
  const diffIds: Digest[] = [];
  for (const [index, layer] of image.layers.entries()) {
    const read = await readLayer(layer, byEngine);
    expect(manifest.layers[index]).toEqual({ mediaType: layer.mediaType, digest: read.digest, size: read.sizeBytes });
    diffIds.push(read.diffId);
    layers.push({ layer, entries: read.entries });
  }
  expect(config.rootfs).toEqual({ type: "layers", diff_ids: diffIds });
  return { config, layers };
}

async function readLayer(
  layer: Layer,
  byEngine: boolean,
): Promise<{ digest: Digest; diffId: Digest; sizeBytes: number; entries: LayerEntry[] }> {
  const compressed = sha256();
  const plain = sha256();
  let sizeBytes = 0;
  const tar = extract();
  const entries: LayerEntry[] = [];
  const measure = async function* (source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      compressed.update(chunk);
      sizeBytes += chunk.length;
      yield chunk;
    }
  };
  const hashPlain = async function* (source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      plain.update(chunk);
      yield chunk;
    }
  };
  const unzip = layer.mediaType.endsWith("+gzip") ? createGunzip() : new PassThrough();
  const read = async (): Promise<void> => {
    for await (const entry of tar) {
      const { name, type, mode = 0, size = 0, linkname, uid, gid, mtime } = entry.header;
      if (!byEngine) expect([name, uid, gid, mtime?.getTime()]).toEqual([name, 0, 0, 0]);
      const content = createHash("sha256");
      for await (const chunk of entry) content.update(chunk as Buffer);
      entries.push({
        path: name.replace(/\/$/, ""),
        type: type ?? "",
        mode,
        sizeBytes: size,
        target: linkname ?? "",
        sha256: content.digest("hex"),
      });
    }
  };
  await Promise.all([read(), pipeline(await layer.open(), measure, unzip, hashPlain, tar)]);
  return { digest: digestFrom(compressed), diffId: digestFrom(plain), sizeBytes, entries };
}
