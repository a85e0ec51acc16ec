import type { Digest } from "#core/artifacts/digest.ts";
import {
  type BuildContext,
  BuildFault,
  type BuildRequest,
  type BuiltImage,
  type ChosenBuilder,
  type ImageBuilder,
  type PlatformImage,
} from "#core/images/image-builder.ts";
import { imagesOf, rootOf } from "#core/images/image-index.ts";
import type { ImageLock } from "#core/images/lock.ts";
import type { ImagePublisher } from "#core/images/publish-image.ts";
import { type ImagePlace, referenceTo, repositoryOf, takePlace } from "#core/images/registries/image-place.ts";
import type { ImagePlatform } from "#core/models/version.ts";
import type { Registry } from "#core/registry.ts";

/** An image that a registry has answered for. */
export interface MadeImage {
  place: ImagePlace;
  digest: Digest;
  origin: "built" | "external";
  platforms: ImagePlatform[];
  lock: ImageLock | null;
  /** Null where it is as the package told. */
  builder: ChosenBuilder | null;
  /** What an engine was given to build; null where it built nothing. */
  dockerfile: string | null;
}

/** An image that is to be put back where it was. */
export interface ToRestore {
  place: ImagePlace;
  digest: Digest;
}

interface Making {
  model: { id: string; name: string; repository: string };
  request: BuildRequest;
  restores: ToRestore | null;
}

export interface MakeNeeds extends Pick<Registry, "db" | "config"> {
  builder: ImageBuilder;
  publisher: ImagePublisher;
}

/** Makes, pushes and verifies an image. The registry's own tag is the version's first image for good: `mayTag` is asked
 *  right before, and throws where the claim is lost. One that is to be put back and comes out otherwise is not pushed:
 *  throws `BuildFault`. */
export async function makeImage(
  { db, config, builder, publisher }: MakeNeeds,
  { model, request, restores }: Making,
  mayTag: (manifest: { repository: string; digest: Digest }) => Promise<boolean>,
  context: BuildContext,
): Promise<MadeImage> {
  const place = restores?.place ?? (await takePlace({ db, config }, model));
  const image = await builder.build(request, context);
  const { digest } = rootOf(image);
  try {
    if (restores !== null) requireSame(image, restores.digest);
    await publisher.publish(image, place, context);
    if (await mayTag({ repository: repositoryOf(place), digest }))
      await publisher.tag(image, place, request.version, context);
  } finally {
    await image.discard?.();
  }
  context.log(`image: ${referenceTo(place, digest)}`);
  const made = { lock: lockOf(image), builder: image.builder ?? null, dockerfile: image.dockerfile ?? null };
  return { place, digest, origin: "built", platforms: imagesOf(image).map(platformOf), ...made };
}

function lockOf({ index, lock }: BuiltImage): ImageLock | null {
  return index === undefined ? lock : index.images.flatMap((image) => image.lock ?? []);
}

function requireSame(image: BuiltImage, before: Digest): void {
  const { digest } = rootOf(image);
  if (digest === before) return;
  const why =
    image.lock === null
      ? "an own Dockerfile gives the same bytes only where all that it fetches has stayed the same"
      : "this Slipway makes it in another way than the one that made it";
  throw new BuildFault(
    "image_changed",
    `the image comes out as ${digest}, and was ${before}: ${why}. Nothing was pushed; a version keeps its image, so make a new version`,
  );
}

function platformOf(image: PlatformImage): ImagePlatform {
  return {
    platform: image.platform,
    digest: image.digest,
    sizeBytes: image.layers.reduce((sum, layer) => sum + layer.sizeBytes, image.config.length),
    layers: image.layers.map(({ digest, sizeBytes, kind }) => ({ digest, sizeBytes, kind })),
  };
}
