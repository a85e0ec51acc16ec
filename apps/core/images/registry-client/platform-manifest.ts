import type { Digest } from "#core/artifacts/digest.ts";
import { type Descriptor, type ImageConfig, type Manifest, mediaTypes } from "../oci.ts";
import { pullDocument } from "./blobs.ts";
import type { RegistryClient } from "./client.ts";
import { pullManifest } from "./manifests.ts";
import type { ImageReference } from "./reference.ts";
import { RegistryError } from "./registry-error.ts";

/** One platform's image, as the registry has it: each part checked against its digest. */
export interface PulledImage {
  digest: Digest;
  manifest: Manifest;
  config: ImageConfig;
}

interface Index {
  manifests: (Descriptor & { platform?: { os?: string; architecture?: string } })[];
}

/** Pulls manifest and config; of an image index, those of the platform. */
export async function pullPlatformImage(
  client: RegistryClient,
  { repository, digest }: Pick<ImageReference, "repository" | "digest">,
  platform: { os: string; architecture: string },
  signal: AbortSignal,
): Promise<PulledImage> {
  const name = `${client.host}/${repository}@${digest}`;
  const pulled = await pullManifest(client, repository, digest, signal);
  if (pulled === null) throw new RegistryError(`${name} does not exist`, { status: 404 });
  const document = parse(pulled.bytes, name);
  if (isIndex(document)) {
    const ours = document.manifests.find(
      (entry) => entry.platform?.os === platform.os && entry.platform.architecture === platform.architecture,
    );
    if (ours === undefined) throw new RegistryError(`${name} has no image for ${platform.os}/${platform.architecture}`);
    return pullPlatformImage(client, { repository, digest: ours.digest }, platform, signal);
  }
  if (!isManifest(document)) throw new RegistryError(`${name} is no image: its media type is ${pulled.mediaType}`);
  const config = parse(await pullDocument(client, repository, document.config.digest, signal), name) as ImageConfig;
  if (config.os !== platform.os || config.architecture !== platform.architecture)
    throw new RegistryError(
      `${name} is for ${config.os}/${config.architecture}, not for ${platform.os}/${platform.architecture}`,
    );
  if (config.rootfs.diff_ids.length !== document.layers.length)
    throw new RegistryError(
      `${name} has ${document.layers.length} layers, and its config tells of ${config.rootfs.diff_ids.length}`,
    );
  return { digest: pulled.digest, manifest: document, config };
}

function parse(bytes: Buffer, name: string): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    throw new RegistryError(`${name} is not JSON`, { cause });
  }
}

function isIndex(document: unknown): document is Index {
  const { mediaType, manifests } = document as { mediaType?: string; manifests?: unknown };
  return (
    Array.isArray(manifests) &&
    (mediaType === undefined || mediaType === mediaTypes.index || mediaType === mediaTypes.dockerManifestList)
  );
}

function isManifest(document: unknown): document is Manifest {
  const { mediaType, config, layers } = document as Partial<Manifest>;
  const known: readonly (string | undefined)[] = [undefined, mediaTypes.manifest, mediaTypes.dockerManifest];
  return known.includes(mediaType) && Array.isArray(layers) && config?.digest !== undefined;
}
