import { Readable } from "node:stream";
import { digestOf } from "#core/artifacts/digest.ts";
import type { BuildContext, BuildRequest, BuiltImage, ImageBuilder, Layer } from "#core/images/image-builder.ts";
import { mediaTypes } from "#core/images/oci.ts";
import { architectureOf, type Platform } from "#core/packaging/platforms.ts";

/** Each image has other bytes, as when a base or a wheel has moved in between. Builds a real image of one small layer at once: for tests of what is round a build, not of what is in an image.
 *  `before` runs first, with the attempt's number: it may wait or fail. */
export function smallImageBuilder(
  before: (attempt: number, request: BuildRequest, context: BuildContext) => Promise<void> = async () => {},
): ImageBuilder {
  let attempt = 0;
  return {
    name: "assembler",
    async build(request, context) {
      attempt += 1;
      context.log(`making a small image of ${request.model}:${request.version}`);
      await before(attempt, request, context);
      return smallImage(`${request.contentDigest} ${attempt}\n`);
    },
  };
}

export function smallImage(content: string): BuiltImage {
  const layerBytes = Buffer.from(content.padEnd(1_024, "\0"));
  const layer: Layer = {
    digest: digestOf(layerBytes),
    diffId: digestOf(layerBytes),
    sizeBytes: layerBytes.length,
    mediaType: mediaTypes.layerTar,
    kind: "model",
    open: async () => Readable.from([layerBytes]),
  };
  return imageOf([layer]);
}

/** A manifest, a config and no more round the layers. */
export function imageOf(layers: Layer[], platform: Platform = "linux/amd64"): BuiltImage {
  const base = digestOf("base");
  const config = Buffer.from(
    JSON.stringify({
      architecture: architectureOf[platform],
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
  return {
    platform,
    manifest,
    digest: digestOf(manifest),
    config,
    layers,
    lock: {
      schema: 1,
      platform,
      python: "3.11",
      base: { source: "test", digest: base, packages: [] },
      runtime: { version: "0", digest: base },
      requirements: [],
    },
  };
}
