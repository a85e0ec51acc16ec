import type { Digest } from "#core/artifacts/digest.ts";
import { type Descriptor, type ImageConfig, type Manifest, mediaTypes } from "../oci.ts";
import { pullDocument } from "./blobs.ts";
import type { RegistryClient } from "./client.ts";
import { type PulledManifest, pullManifest } from "./manifests.ts";
import type { ImageReference } from "./reference.ts";
import { RegistryError, UnusableAnswer } from "./registry-error.ts";

/** One platform's image, as the registry has it: each part checked against its digest. */
export interface PulledImage {
  digest: Digest;
  manifest: Manifest;
  config: ImageConfig;
}

/** OCI image index (image-spec, image-index.md), or Docker's manifest list. */
interface Index {
  manifests: (Descriptor & { platform?: { os?: string; architecture?: string; variant?: string } })[];
}

/** More than anybody publishes; each is asked for. */
const platformsLimit = 32;

/** Pulls manifest and config; of an image index, those of the platform. */
export async function pullPlatformImage(
  client: RegistryClient,
  { repository, digest }: Pick<ImageReference, "repository" | "digest">,
  platform: { os: string; architecture: string },
  signal: AbortSignal,
): Promise<PulledImage> {
  const found = await pullImageDocument(client, { repository, digest }, signal);
  if (found.index !== null) {
    const ours = found.index.manifests.find(
      (entry) => entry.platform?.os === platform.os && entry.platform.architecture === platform.architecture,
    );
    if (ours === undefined)
      throw new UnusableAnswer(`${found.name} has no image for ${platform.os}/${platform.architecture}`);
    return pullPlatformImage(client, { repository, digest: ours.digest }, platform, signal);
  }
  const image = await withConfig(client, repository, found, signal);
  const { os, architecture } = image.config;
  if (os !== platform.os || architecture !== platform.architecture)
    throw new UnusableAnswer(
      `${found.name} is for ${os}/${architecture}, not for ${platform.os}/${platform.architecture}`,
    );
  return image;
}

/** Every image that the digest stands for: itself, or each of an index, whose attestations are no images. */
export async function pullAllPlatforms(
  client: RegistryClient,
  { repository, digest }: Pick<ImageReference, "repository" | "digest">,
  signal: AbortSignal,
): Promise<PulledImage[]> {
  const found = await pullImageDocument(client, { repository, digest }, signal);
  if (found.index === null) return [await withConfig(client, repository, found, signal)];
  // What is attached to an image (a bill of materials, a provenance) is listed beside it for "unknown/unknown".
  const entries = found.index.manifests.filter(({ platform }) => platform?.os !== "unknown");
  if (entries.length === 0) throw new UnusableAnswer(`${found.name} lists no image`);
  if (entries.length > platformsLimit)
    throw new UnusableAnswer(`${found.name} lists ${entries.length} images, and at most ${platformsLimit} are taken`);
  const images: PulledImage[] = [];
  for (const entry of entries) {
    const one = await pullImageDocument(client, { repository, digest: digestIn(entry, found.name) }, signal);
    if (one.index !== null) throw new UnusableAnswer(`${found.name} lists an index in an index`);
    images.push(await withConfig(client, repository, one, signal));
  }
  return images;
}

type ImageDocument = { name: string; digest: Digest } & Content;

type Content = { index: Index; manifest: null } | { index: null; manifest: Manifest };

/** Throws `UnusableAnswer` where it is neither. */
export function documentIn({ bytes, mediaType }: Pick<PulledManifest, "bytes" | "mediaType">, name: string): Content {
  const document = parse(bytes, name);
  if (isIndex(document)) return { index: document, manifest: null };
  if (!isManifest(document)) throw new UnusableAnswer(`${name} is no image: its media type is ${mediaType}`);
  return { index: null, manifest: document };
}

async function pullImageDocument(
  client: RegistryClient,
  { repository, digest }: Pick<ImageReference, "repository" | "digest">,
  signal: AbortSignal,
): Promise<ImageDocument> {
  const name = `${client.host}/${repository}@${digest}`;
  const pulled = await pullManifest(client, repository, digest, signal);
  if (pulled === null) throw new RegistryError(`${name} does not exist`, { status: 404 });
  return { name, digest: pulled.digest, ...documentIn(pulled, name) };
}

async function withConfig(
  client: RegistryClient,
  repository: string,
  { name, digest, manifest }: ImageDocument & { index: null },
  signal: AbortSignal,
): Promise<PulledImage> {
  const bytes = await pullDocument(client, repository, digestIn(manifest.config, name), signal);
  if (manifest.config.size !== bytes.length)
    throw new UnusableAnswer(`${name} names ${manifest.config.size} bytes of config, and it has ${bytes.length}`);
  const config = parse(bytes, name) as Partial<ImageConfig>;
  const layers = config.rootfs?.diff_ids;
  if (typeof config.os !== "string" || typeof config.architecture !== "string" || !Array.isArray(layers))
    throw new UnusableAnswer(`${name} is no image: its config tells of no system or no layers`);
  if (layers.length !== manifest.layers.length)
    throw new UnusableAnswer(`${name} has ${manifest.layers.length} layers, and its config tells of ${layers.length}`);
  return { digest, manifest, config: config as ImageConfig };
}

/** Of a document that anybody may have written. */
export function digestIn({ digest }: { digest: unknown }, name: string): Digest {
  if (typeof digest !== "string" || !/^sha256:[0-9a-f]{64}$/.test(digest))
    throw new UnusableAnswer(`${name} names a digest that is not sha256`);
  return digest as Digest;
}

function parse(bytes: Buffer, name: string): object {
  try {
    const document: unknown = JSON.parse(bytes.toString("utf8"));
    if (typeof document === "object" && document !== null) return document;
  } catch (cause) {
    throw new UnusableAnswer(`${name} is not JSON`, { cause });
  }
  throw new UnusableAnswer(`${name} is no image`);
}

function isIndex(document: unknown): document is Index {
  const { mediaType, manifests } = document as { mediaType?: string; manifests?: unknown };
  return (
    Array.isArray(manifests) &&
    manifests.every(isDescriptor) &&
    (mediaType === undefined || mediaType === mediaTypes.index || mediaType === mediaTypes.dockerManifestList)
  );
}

function isManifest(document: unknown): document is Manifest {
  const { mediaType, config, layers } = document as Partial<Manifest>;
  const known: readonly (string | undefined)[] = [undefined, mediaTypes.manifest, mediaTypes.dockerManifest];
  return known.includes(mediaType) && Array.isArray(layers) && layers.every(isDescriptor) && isDescriptor(config);
}

function isDescriptor(value: unknown): value is Descriptor {
  const { digest, size, mediaType } = (value ?? {}) as Partial<Descriptor>;
  return typeof digest === "string" && Number.isSafeInteger(size) && typeof mediaType === "string";
}
