import { expect, it } from "vitest";
import { digestOf } from "#core/artifacts/digest.ts";
import type { PlatformImage } from "./image-builder.ts";
import { imageIndex } from "./image-index.ts";

const imageFor = (platform: string, manifest: string): PlatformImage => ({
  platform,
  manifest: Buffer.from(manifest),
  digest: digestOf(manifest),
  config: Buffer.from("{}"),
  layers: [],
  lock: null,
});

it("lists the images in their order, in one spelling", () => {
  const [amd64, arm64] = [imageFor("linux/amd64", "a"), imageFor("linux/arm64", "bc")];
  const { bytes, digest, images } = imageIndex([amd64, arm64]);
  expect(bytes.toString()).toBe(
    `{"manifests":[{"digest":"${amd64.digest}","mediaType":"application/vnd.oci.image.manifest.v1+json",` +
      '"platform":{"architecture":"amd64","os":"linux"},"size":1},' +
      `{"digest":"${arm64.digest}","mediaType":"application/vnd.oci.image.manifest.v1+json",` +
      '"platform":{"architecture":"arm64","os":"linux"},"size":2}],' +
      '"mediaType":"application/vnd.oci.image.index.v1+json","schemaVersion":2}',
  );
  expect(digest).toBe(digestOf(bytes));
  expect(images).toEqual([amd64, arm64]);
});
