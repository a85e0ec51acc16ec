import { setTimeout } from "node:timers/promises";
import type { Digest } from "#core/artifacts/digest.ts";
import { messageOf } from "#core/errors.ts";
import { forEachAtOnce } from "./registry-client/at-once.ts";
import { blobSize } from "./registry-client/blobs.ts";
import type { RegistryClient } from "./registry-client/client.ts";
import { pullManifest } from "./registry-client/manifests.ts";
import { type PulledImage, pullAllPlatforms } from "./registry-client/platform-manifest.ts";
import { RegistryError, UnusableAnswer } from "./registry-client/registry-error.ts";
import { requireRegistry, requireTags } from "./registry-client/require-registry.ts";

const atOnce = 4;
const attempts = 3;
const pauseMs = 250;

/** What a registry still has of an image: `missing` says in one line what it has not, null where it has every manifest,
 *  config and layer. */
export interface ImageCheck {
  missing: string | null;
  /** Requests that it took. */
  asked: number;
}

/** Asks for the manifest (each of an index), the configs and a byte of every layer. A registry that is away, or lets nobody
 *  in, says nothing about the image: that is thrown. */
export async function checkImage(
  client: RegistryClient,
  { repository, digest }: { repository: string; digest: Digest },
  signal: AbortSignal,
): Promise<ImageCheck> {
  let asked = 0;
  try {
    const images = await imagesOrLost(client, { repository, digest }, signal);
    asked += images.length * 2;
    const layers = new Map(
      images.flatMap(({ manifest }) => manifest.layers.map((layer) => [layer.digest, layer.size])),
    );
    await forEachAtOnce([...layers], atOnce, signal, async ([layer, size], stop) => {
      asked += 1;
      const found = await sizeOrLost(client, { repository, digest, layer }, stop);
      if (found === size) return;
      const has = found === null ? "no" : `${found} of ${size} bytes of`;
      throw new Lost(`registry ${client.host} has ${has} ${layer} of ${repository}`);
    });
    return { missing: null, asked };
  } catch (error) {
    const lost = error instanceof Lost || error instanceof UnusableAnswer || isNotFound(error);
    if (!lost) throw error;
    await requireRegistry(client, repository, signal);
    return { missing: messageOf(error), asked: asked + 2 };
  }
}

class Lost extends Error {}

function isNotFound(error: unknown): boolean {
  return error instanceof RegistryError && error.status === 404;
}

/** A registry that has a layer on record and not on its disk answers 500, or begins and breaks off (distribution 2.8). So does one
 *  in trouble: the layer is lost where it cannot be had three times, and the manifest can each time. */
function sizeOrLost(
  client: RegistryClient,
  { repository, digest, layer }: { repository: string; digest: Digest; layer: Digest },
  signal: AbortSignal,
): Promise<number | null> {
  return hadOrLost(
    () => blobSize(client, repository, layer, "pull", signal),
    () => pullManifest(client, repository, digest, signal),
    signal,
  );
}

/** So it is with manifests and configs, which may come with other bytes, too. They are lost where the registry tells each time
 *  which tags there are: it looks that up where it has the manifests. */
function imagesOrLost(
  client: RegistryClient,
  { repository, digest }: { repository: string; digest: Digest },
  signal: AbortSignal,
): Promise<PulledImage[]> {
  return hadOrLost(
    () => pullAllPlatforms(client, { repository, digest }, signal),
    () => requireTags(client, repository, signal),
    signal,
  );
}

/** `works` throws where the registry is in trouble. */
async function hadOrLost<T>(have: () => Promise<T>, works: () => Promise<unknown>, signal: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await have();
    } catch (error) {
      if (!isFailing(error)) throw error;
      await setTimeout(pauseMs, undefined, { signal });
      await works();
      if (attempt === attempts) throw new Lost(messageOf(error));
    }
  }
}

function isFailing(error: unknown): boolean {
  if (!(error instanceof RegistryError) || error instanceof UnusableAnswer) return false;
  return error.status === null || error.status === 500;
}
