import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { type Blobs, findBlob, storeBlob } from "#core/artifacts/blobs.ts";
import { type BuildContext, BuildFault } from "../image-builder.ts";
import type { StoredLayer } from "../layers/stored-layer.ts";
import { megabytes, seconds } from "../measures.ts";
import { type ImageConfig, mediaTypes } from "../oci.ts";
import { pullBlob } from "../registry-client/blobs.ts";
import type { RegistryClient } from "../registry-client/client.ts";
import { type PulledImage, pullPlatformImage } from "../registry-client/platform-manifest.ts";
import type { ImageReference } from "../registry-client/reference.ts";
import { UnusableAnswer } from "../registry-client/registry-error.ts";
import { askPython } from "./base-python.ts";
import { type BaseSource, imageSource } from "./base-source.ts";
import { readForeignPython, type Twin } from "./twin.ts";
import { unpackLayers } from "./unpack-layers.ts";

export interface ImageBaseOptions {
  reference: ImageReference;
  connect(): Promise<RegistryClient>;
  /** Null: for this machine's architecture, amd64. */
  twin: Twin | null;
}

/** Room for the layers of dependencies, runtime and model below overlayfs' limit of 127. */
const layersLimit = 60;

/** Docker's name for the same bytes (image-spec, media-types.md, "Compatibility Matrix"). Node 20 reads no zstd. */
const layerMediaTypes: Readonly<Record<string, string>> = {
  [mediaTypes.layerTar]: mediaTypes.layerTar,
  [mediaTypes.layerTarGzip]: mediaTypes.layerTarGzip,
  [mediaTypes.dockerLayerTarGzip]: mediaTypes.layerTarGzip,
};

/** A base that is an image in a registry, pinned by digest. Its layers are taken as they are and its files unpacked
 *  only to find the Python and to see that it runs. */
export function imageBase(blobs: Blobs, { reference, connect, twin }: ImageBaseOptions): BaseSource {
  const source = imageSource(reference);
  const architecture = twin === null ? "amd64" : "arm64";
  const name = twin === null ? source : `${source} for arm64`;
  return {
    name,
    async make(root, context) {
      const { log, signal } = context;
      const startedAt = performance.now();
      const client = await connect();
      log(`base ${name}: pulling from ${reference.host}`);
      const image = await pullPlatformImage(client, reference, { os: "linux", architecture }, signal).catch(
        (error: unknown) => {
          throw twin !== null && error instanceof UnusableAnswer ? unavailable(error) : error;
        },
      );
      const layers = await storeLayers(blobs, client, reference, image, context);
      const environment = environmentOf(image.config);
      await unpackLayers(blobs, layers, root, signal);
      const pythonPath = await findPython(root, environment["PATH"]);
      const python =
        twin === null
          ? await askPython(root, pythonPath, signal)
          : await readForeignPython(root, { source, architecture, pythonPath }, twin);
      log(
        `base ${name}: Python ${python.version}, ${python.libc.name} ${python.libc.version}, ${layers.length} layers, ` +
          `${megabytes(layers.reduce((sum, layer) => sum + layer.sizeBytes, 0))} in ${seconds(startedAt)}`,
      );
      return {
        source,
        digest: image.digest,
        architecture,
        pythonPath,
        pythonVersion: python.version,
        libc: python.libc,
        layers,
        environment,
        packages: [],
      };
    },
  };
}

function unavailable(cause: UnusableAnswer): BuildFault {
  return new BuildFault(
    "platform_unavailable",
    `no image can be made for linux/arm64: this registry's base ${cause.message}; have the operator name an index that has both in SLIPWAY_BASE`,
    { cause },
  );
}

async function storeLayers(
  blobs: Blobs,
  client: RegistryClient,
  { repository }: ImageReference,
  { manifest, config }: PulledImage,
  { signal }: BuildContext,
): Promise<StoredLayer[]> {
  if (manifest.layers.length > layersLimit)
    throw new Error(
      `the base has ${manifest.layers.length} layers, and at most ${layersLimit} leave room for a model's`,
    );
  const layers: StoredLayer[] = [];
  for (const [index, { mediaType, digest, size }] of manifest.layers.entries()) {
    const known = layerMediaTypes[mediaType];
    const diffId = config.rootfs.diff_ids[index];
    if (known === undefined || diffId === undefined)
      throw new Error(
        `the base has a layer of the media type ${mediaType}, which cannot be read here: take one with gzip layers`,
      );
    if ((await findBlob(blobs, digest)) === null)
      await storeBlob(blobs, await pullBlob(client, repository, digest, signal), {
        announcedBytes: size,
        expectedDigest: digest,
        signal,
      });
    layers.push({ digest, diffId, sizeBytes: size, mediaType: known, kind: "base" });
  }
  return layers;
}

function environmentOf({ config }: ImageConfig): Record<string, string> {
  return Object.fromEntries(
    (config?.Env ?? []).map((line) => {
      const end = line.indexOf("=");
      return [line.slice(0, end), line.slice(end + 1)];
    }),
  );
}

/** The `python3` that the image's own PATH finds, with links followed: `/usr/local/bin/python3.12`. */
async function findPython(root: string, path = "/usr/local/bin:/usr/bin:/bin"): Promise<string> {
  const top = await realpath(root);
  for (const folder of path.split(":").filter((entry) => entry.startsWith("/"))) {
    const python = await realpath(join(root, folder, "python3")).catch(ifMissing);
    if (python === null) continue;
    if (!python.startsWith(`${top}/`)) throw new Error(`the base's ${folder}/python3 leads out of the image`);
    return python.slice(top.length);
  }
  throw new Error(`the base has no python3 on its PATH (${path})`);
}

function ifMissing(error: unknown): null {
  if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return null;
  throw error;
}
