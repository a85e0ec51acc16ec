import canonicalize from "canonicalize";
import { type Digest, digestOf } from "#core/artifacts/digest.ts";
import type { BuiltImage, ImageIndex, PlatformImage } from "./image-builder.ts";
import { mediaTypes } from "./oci.ts";

/**
 * Lists the images of several platforms as one (image-spec v1.1, image-index.md), in the order in which they are given:
 *
 *   {"manifests": [{"digest": "sha256:…", "mediaType": "application/vnd.oci.image.manifest.v1+json",
 *                   "platform": {"architecture": "amd64", "os": "linux"}, "size": 1234}, …],
 *    "mediaType": "application/vnd.oci.image.index.v1+json", "schemaVersion": 2}
 */
export function imageIndex(images: readonly PlatformImage[]): ImageIndex {
  const manifests = images.map(({ platform, digest, manifest }) => {
    const [os, architecture] = platform.split("/");
    return { mediaType: mediaTypes.manifest, digest, size: manifest.length, platform: { os, architecture } };
  });
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests };
  const bytes = Buffer.from(canonicalize(index) ?? "");
  return { bytes, digest: digestOf(bytes), images };
}

/** What a registry keeps under a digest of its own beside blobs. */
export interface ImageDocument {
  bytes: Buffer;
  digest: Digest;
  mediaType: string;
}

/** One for each platform. */
export function imagesOf(image: BuiltImage): readonly PlatformImage[] {
  return image.index?.images ?? [image];
}

/** The document that versions and tags name. */
export function rootOf({ index, manifest, digest }: BuiltImage): ImageDocument {
  if (index !== undefined) return { bytes: index.bytes, digest: index.digest, mediaType: mediaTypes.index };
  return { bytes: manifest, digest, mediaType: mediaTypes.manifest };
}

/** All documents, each after those that it names. */
export function documentsOf(image: BuiltImage): ImageDocument[] {
  if (image.index === undefined) return [rootOf(image)];
  const manifests = image.index.images.map(({ manifest, digest }) => ({
    bytes: manifest,
    digest,
    mediaType: mediaTypes.manifest,
  }));
  return [...manifests, rootOf(image)];
}
