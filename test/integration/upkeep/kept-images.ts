import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { type Digest, digestOf } from "#core/artifacts/digest.ts";
import type { BuildRequest, ImageBuilder, Layer } from "#core/images/image-builder.ts";
import { imageIndex } from "#core/images/image-index.ts";
import { mediaTypes } from "#core/images/oci.ts";
import { blobSize } from "#core/images/registry-client/blobs.ts";
import { openRegistryClient, type RegistryClient } from "#core/images/registry-client/client.ts";
import { pullManifest } from "#core/images/registry-client/manifests.ts";
import { imageOf } from "#test/small-image.ts";
import type { TestService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";

export const baseBytes = 4_096;
export const modelBytes = 1_024;

/** Makes the same small image of the same version each time: a base that all models of a group share, and a layer of its
 *  own. `mood` is part of its own layer: with another one the image comes out otherwise. It is asked for as the build begins. */
export function steadyBuilder(mood: (request: BuildRequest) => string | Promise<string> = () => ""): ImageBuilder {
  return {
    name: "assembler",
    async build(request) {
      const own = ownContent(request, await mood(request));
      const group = (request.madeAs ?? request.model).split(".")[0] ?? "";
      return imageOf([layerOf("base", `base of ${group}`, baseBytes), layerOf("model", own, modelBytes)]);
    },
  };
}

/** The same for two platforms: a base for each, and the layer of its own for both. `mood` is part of that for arm64 alone. */
export function steadyIndexBuilder(mood: () => string = () => ""): ImageBuilder {
  return {
    name: "assembler",
    async build(request) {
      const group = (request.madeAs ?? request.model).split(".")[0] ?? "";
      const own = layerOf("model", ownContent(request, ""), modelBytes);
      const amd64 = imageOf([layerOf("base", `base of ${group}`, baseBytes), own]);
      const arm64 = imageOf([layerOf("base", `base of ${group} for arm64 ${mood()}`, baseBytes), own], "linux/arm64");
      return { ...amd64, index: imageIndex([amd64, arm64]) };
    },
  };
}

function ownContent({ model, madeAs, version, contentDigest }: BuildRequest, mood: string): string {
  return `${madeAs ?? model}:${version} ${contentDigest} ${mood}`;
}

function layerOf(kind: Layer["kind"], content: string, sizeBytes: number): Layer {
  const seed = createHash("sha256").update(content).digest();
  const bytes = Buffer.alloc(sizeBytes, seed);
  const digest = digestOf(bytes);
  return {
    kind,
    digest,
    diffId: digest,
    sizeBytes,
    mediaType: mediaTypes.layerTar,
    open: async () => Readable.from([bytes]),
  };
}

export interface ShownImage {
  reference: string;
  repository: string;
  digest: Digest;
  status: string;
  reason: string | null;
  freedBytes: number | null;
  platforms: {
    platform: string;
    digest: Digest;
    sizeBytes: number;
    layers: { digest: Digest; sizeBytes: number; kind: string }[];
  }[];
}

export const imagePath = (model: string, version = "1.0.0") => `/v1/models/${model}/versions/${version}/image`;

export async function imageOfVersion({ call }: TestService, model: string, version = "1.0.0"): Promise<ShownImage> {
  const answer = await call("GET", imagePath(model, version));
  if (answer.status !== 200) throw new Error(`the image answered ${answer.status}: ${JSON.stringify(answer.json)}`);
  return answer.json;
}

/** Waits until its removal has ended, whichever way. */
export function removalEnded(service: TestService, model: string, version = "1.0.0"): Promise<ShownImage> {
  return waitUntil(`the removal of ${model}:${version} ends`, async () => {
    const image = await imageOfVersion(service, model, version);
    return image.status === "removing" ? null : image;
  });
}

export const configBytes = ({ platforms: [platform] }: ShownImage): number =>
  (platform?.sizeBytes ?? 0) - baseBytes - modelBytes;

export interface Looker {
  /** Whether the registry gives the manifest, and each that it lists. */
  has(image: ShownImage): Promise<boolean>;
  /** Whether it gives the manifest and all layers, as a pull would ask for them. */
  pulls(image: ShownImage): Promise<boolean>;
  removeManifest(image: ShownImage): Promise<void>;
  removeLayer(image: ShownImage, kind: string): Promise<void>;
  client: RegistryClient;
}

/** Somebody who looks into the registry, and reaches into it, past Slipway. */
export function looker(host: string): Looker {
  const client = openRegistryClient({ host });
  whenDone(() => client.close());
  const signal = () => AbortSignal.timeout(100_000);
  const pathOf = ({ repository }: ShownImage) => repository.slice(repository.indexOf("/") + 1);
  const remove = async (path: string) => {
    const answer = await fetch(`http://${host}/v2/${path}`, { method: "DELETE", signal: signal() });
    if (answer.status !== 202) throw new Error(`DELETE ${path} answered ${answer.status}`);
  };
  const has = async (image: ShownImage) => {
    const digests = [...new Set([image.digest, ...image.platforms.map(({ digest }) => digest)])];
    const found = await Promise.all(digests.map((digest) => pullManifest(client, pathOf(image), digest, signal())));
    return found.every((manifest) => manifest !== null);
  };
  return {
    client,
    has,
    async pulls(image) {
      if (!(await has(image))) return false;
      for (const { digest, sizeBytes } of image.platforms.flatMap(({ layers }) => layers))
        if ((await blobSize(client, pathOf(image), digest, "pull", signal())) !== sizeBytes) return false;
      return true;
    },
    removeManifest: (image) => remove(`${pathOf(image)}/manifests/${image.digest}`),
    removeLayer: (image, kind) =>
      remove(
        `${pathOf(image)}/blobs/${image.platforms.flatMap(({ layers }) => layers).find((layer) => layer.kind === kind)?.digest}`,
      ),
  };
}
