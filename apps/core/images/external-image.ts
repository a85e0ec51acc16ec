import { storable } from "#core/models/labels.ts";
import type { ImagePlatform } from "#core/models/version.ts";
import type { BuildContext } from "./image-builder.ts";
import { megabytes } from "./measures.ts";
import { forEachAtOnce } from "./registry-client/at-once.ts";
import { blobSize } from "./registry-client/blobs.ts";
import type { RegistryClient } from "./registry-client/client.ts";
import { type PulledImage, pullAllPlatforms } from "./registry-client/platform-manifest.ts";
import type { ImageReference } from "./registry-client/reference.ts";
import { RegistryError, UnusableAnswer } from "./registry-client/registry-error.ts";

const atOnce = 4;
/** overlayfs takes no more. */
const layersLimit = 127;
const labelsLimit = 100;
const labelLength = 2_000;

/** An image that somebody else built, as the registry has it: each manifest and config checked against its digest, each
 *  layer asked for by its size. Throws `UnusableAnswer` where it is none that runs, `RegistryError` with 404 where
 *  something of it is not there. */
export async function readExternalImage(
  client: RegistryClient,
  { repository, digest }: Pick<ImageReference, "repository" | "digest">,
  { log, signal }: BuildContext,
): Promise<ImagePlatform[]> {
  const name = `${client.host}/${repository}@${digest}`;
  const images = await pullAllPlatforms(client, { repository, digest }, signal);
  const platforms = images.map((image) => platformOf(image, name));
  const twice = platforms.find(
    ({ platform }, index) => platforms.findIndex((one) => one.platform === platform) < index,
  );
  if (twice !== undefined) throw new UnusableAnswer(`${name} has two images for ${twice.platform}`);
  const layers = new Map(images.flatMap(({ manifest }) => manifest.layers.map((layer) => [layer.digest, layer])));
  await forEachAtOnce([...layers.values()], atOnce, signal, async (layer, stop) => {
    const found = await blobSize(client, repository, layer.digest, "pull", stop);
    if (found === null)
      throw new RegistryError(`${name} is not whole: the registry has no ${layer.digest}`, { status: 404 });
    if (found !== layer.size)
      throw new UnusableAnswer(`${name} is not whole: ${layer.digest} has ${found} bytes, and not ${layer.size}`);
  });
  for (const { platform, sizeBytes, layers } of platforms)
    log(`${platform}: ${layers.length} layers, ${megabytes(sizeBytes)}`);
  log(`verified: the registry has ${name}, and all ${layers.size} layers`);
  return platforms;
}

function platformOf({ digest, manifest, config }: PulledImage, name: string): ImagePlatform {
  const platform = `${config.os}/${config.architecture}`;
  if (!/^[a-z0-9]{1,32}\/[a-z0-9_]{1,32}$/.test(platform))
    throw new UnusableAnswer(`${name} is for a system that has no name`);
  if (manifest.layers.length > layersLimit)
    throw new UnusableAnswer(`${name} has ${manifest.layers.length} layers, and ${layersLimit} can be run`);
  const layers = manifest.layers.map((layer) => {
    if (!/^sha256:[0-9a-f]{64}$/.test(layer.digest) || layer.size < 0)
      throw new UnusableAnswer(`${name} has a layer that is named by no sha256 and no size`);
    return { digest: layer.digest, sizeBytes: layer.size, kind: "other" as const };
  });
  return {
    platform,
    digest,
    sizeBytes: layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, manifest.config.size),
    layers,
    config: configOf(config.config ?? {}),
  };
}

/** What is read of it is shown with the version; a document that anybody may have written is cut to what can be kept. */
function configOf({ User, ExposedPorts, Labels, Healthcheck }: NonNullable<PulledImage["config"]["config"]>) {
  const labels = Object.entries(Labels ?? {}).filter(
    ([key, value]) =>
      typeof value === "string" && value.length <= labelLength && key.length <= 256 && storable(key + value),
  );
  const ports = Object.keys(ExposedPorts ?? {}).filter((port) => /^\d{1,5}\/(?:tcp|udp|sctp)$/.test(port));
  return {
    user: typeof User === "string" && User.length <= 256 && storable(User) ? User : "",
    ports: ports.slice(0, labelsLimit),
    healthCheck: Array.isArray(Healthcheck?.Test) && !["NONE", undefined].includes(Healthcheck.Test[0]),
    labels: Object.fromEntries(labels.slice(0, labelsLimit)),
  };
}
