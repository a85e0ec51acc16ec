import type { Digest } from "#core/artifacts/digest.ts";
import type { BuildContext, BuiltImage } from "./image-builder.ts";
import { imagesOf, rootOf } from "./image-index.ts";
import { type ImagePlace, repositoryOf } from "./registries/image-place.ts";
import type { OpenRegistry, Registries } from "./registries/open-registries.ts";
import { pushDocument, pushImage, verifyPushed } from "./registry-client/push-image.ts";
import { RegistryError } from "./registry-client/registry-error.ts";

/** Brings images to the registries that Slipway knows. */
export interface ImagePublisher {
  /** Pushes by digest what the registry has not, then asks it for every manifest and layer. Makes the repository where
   *  the registry is set to. */
  publish(image: BuiltImage, place: ImagePlace, context: BuildContext): Promise<void>;
  /** Points the registry's own tag at an image that was published. */
  tag(image: BuiltImage, place: ImagePlace, tag: string, context: BuildContext): Promise<void>;
}

export function openPublisher(registries: Registries): ImagePublisher {
  // Layers that no model owns, and a repository of each host that is known to have them. Model layers are never mounted:
  // that would tell one model's team what another's has.
  const sharedLayers = new Map<string, string>();
  const keyOf = ({ registry, host }: ImagePlace, digest: Digest): string => `${registry} ${host} ${digest}`;
  return {
    async publish(image, place, context) {
      const registry = await registries.open(place.registry, place.host);
      await pushInto(registry, place, image, {
        ...context,
        mountFrom: ({ digest }) => sharedLayers.get(keyOf(place, digest)),
      });
      await verifyPushed(registry.client, place.path, image, context.signal);
      const layers = new Map(imagesOf(image).flatMap((each) => each.layers.map((layer) => [layer.digest, layer])));
      for (const { kind, digest } of layers.values())
        if (kind !== "model") sharedLayers.set(keyOf(place, digest), place.path);
      const documents = image.index ? `the index, ${image.index.images.length} manifests` : "the manifest";
      context.log(`verified: the registry has ${documents} and all ${layers.size} layers`);
    },
    async tag(image, place, tag, context) {
      const { client } = await registries.open(place.registry, place.host);
      await pushDocument(client, place.path, rootOf(image), tag, context);
    },
  };
}

async function pushInto(
  { client, repositories }: OpenRegistry,
  place: ImagePlace,
  image: BuiltImage,
  context: Parameters<typeof pushImage>[3],
): Promise<void> {
  try {
    await pushImage(client, place.path, image, context);
  } catch (error) {
    const missing = error instanceof RegistryError && error.status === 404 && error.code === "NAME_UNKNOWN";
    if (!missing || repositories === null) throw error;
    await repositories.create(place.path, context.signal);
    context.log(`made the repository ${repositoryOf(place)}`);
    await pushImage(client, place.path, image, context);
  }
}
