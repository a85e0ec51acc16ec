import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { digestOf } from "#core/artifacts/digest.ts";
import type { BuiltImage, Layer, LayerKind } from "#core/images/image-builder.ts";
import { tarStream } from "#core/images/layers/tar.ts";
import { mediaTypes } from "#core/images/oci.ts";

/** A small valid image with a layer of random bytes for each size given. */
export async function layeredImage(layers: readonly { kind: LayerKind; sizeBytes: number }[]): Promise<BuiltImage> {
  const made = await Promise.all(layers.map(({ kind, sizeBytes }) => randomLayer(kind, sizeBytes)));
  return imageOf(made);
}

/** An image of these layers; the same layers, the same image. */
function imageOf(layers: readonly Layer[]): BuiltImage {
  const config = Buffer.from(
    JSON.stringify({
      architecture: "amd64",
      os: "linux",
      rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    }),
  );
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: { mediaType: mediaTypes.config, digest: digestOf(config), size: config.length },
      layers: layers.map(({ mediaType, digest, sizeBytes }) => ({ mediaType, digest, size: sizeBytes })),
    }),
  );
  const none = digestOf("");
  return {
    platform: "linux/amd64",
    manifest,
    digest: digestOf(manifest),
    config,
    layers,
    lock: {
      schema: 1,
      platform: "linux/amd64",
      python: "3.11",
      base: { source: "test", digest: none, packages: [] },
      runtime: { version: "0", digest: none },
      requirements: [],
    },
  };
}

async function randomLayer(kind: LayerKind, sizeBytes: number): Promise<Layer> {
  const content = randomBytes(sizeBytes);
  const bytes = await buffer(
    tarStream([{ type: "file", path: "opt/content", executable: false, sizeBytes, open: async () => [content] }]),
  );
  const digest = digestOf(bytes);
  return {
    digest,
    diffId: digest,
    sizeBytes: bytes.length,
    mediaType: mediaTypes.layerTar,
    kind,
    open: async () => Readable.from([bytes]),
  };
}
