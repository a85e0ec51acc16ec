import type { Digest } from "#core/artifacts/digest.ts";
import type { RegistryConfig } from "#core/config.ts";
import type { BuildContext, BuiltImage } from "./image-builder.ts";
import { openRegistryClient } from "./registry-client/client.ts";
import { pushImage, pushManifestAs, verifyPushed } from "./registry-client/push-image.ts";

/** Brings images to the registry of the settings. */
export interface ImagePublisher {
  /** `host/prefix/churn` */
  repository(modelRepository: string): string;
  /** `host/prefix/churn@sha256:…` */
  reference(modelRepository: string, digest: Digest): string;
  /** Pushes by digest what the registry has not, then asks it for the manifest and every layer. */
  publish(image: BuiltImage, modelRepository: string, context: BuildContext): Promise<void>;
  /** Points the registry's own tag at an image that was published. */
  tag(image: BuiltImage, modelRepository: string, tag: string, context: BuildContext): Promise<void>;
  close(): Promise<void>;
}

export function openPublisher({ host, prefix, credentials }: RegistryConfig): ImagePublisher {
  const client = openRegistryClient({ host, credentials });
  // Layers that no model owns, and a repository that is known to have them. Model layers are never mounted: that would
  // tell one model's team what another's has.
  const sharedLayers = new Map<Digest, string>();
  const pathOf = (modelRepository: string): string =>
    prefix === "" ? modelRepository : `${prefix}/${modelRepository}`;
  const repository = (modelRepository: string): string => `${host}/${pathOf(modelRepository)}`;
  return {
    repository,
    reference: (modelRepository, digest) => `${repository(modelRepository)}@${digest}`,
    async publish(image, modelRepository, context) {
      const path = pathOf(modelRepository);
      await pushImage(client, path, image, {
        ...context,
        mountFrom: ({ digest }) => sharedLayers.get(digest),
      });
      await verifyPushed(client, path, image, context.signal);
      for (const { kind, digest } of image.layers) if (kind !== "model") sharedLayers.set(digest, path);
      context.log(`verified: the registry has the manifest and all ${image.layers.length} layers`);
    },
    tag: (image, modelRepository, tag, context) => pushManifestAs(client, pathOf(modelRepository), image, tag, context),
    close: () => client.close(),
  };
}
