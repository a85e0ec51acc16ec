import { Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { digestOf } from "#core/artifacts/digest.ts";
import { messageOf } from "#core/errors.ts";
import type { BuildContext, BuiltImage, Layer } from "../image-builder.ts";
import { documentsOf, type ImageDocument, imagesOf } from "../image-index.ts";
import { megabytes, seconds } from "../measures.ts";
import { forEachAtOnce } from "./at-once.ts";
import { type BlobUpload, blobSize, pushBlob } from "./blobs.ts";
import type { RegistryClient } from "./client.ts";
import { pullManifest, pushManifest } from "./manifests.ts";
import { isPassing, RegistryError } from "./registry-error.ts";

const atOnce = 4;
const attempts = 4;
/** A registry that asks to be left alone for longer is left to the build's own tries, so that no place in the worker is held. */
const longestPauseMs = 90_000;

export interface PushContext extends BuildContext {
  /** A repository of the same registry that has the layer and may be mounted from. */
  mountFrom?: (layer: Layer) => string | undefined;
}

/** Brings an image to a repository, by its digest: layers and configs first, then the manifests, an index last. What is
 *  there already is not sent, so that a push that was cut off goes on where it stood. */
export async function pushImage(
  client: RegistryClient,
  repository: string,
  image: BuiltImage,
  { log, signal, mountFrom }: PushContext,
): Promise<void> {
  const startedAt = performance.now();
  const sent = { count: 0, bytes: 0, mounted: 0 };
  await forEachAtOnce(contentOf(image, mountFrom), atOnce, signal, async (blob, stop) => {
    let asked = 0;
    await retrying(stop, log, async () => {
      asked += 1;
      // One that the registry has on record and twice cannot give is sent again; once may be a passing fault.
      const found = await blobSize(client, repository, blob.digest, "push", stop).catch((error: unknown) => {
        if (asked > 1 && isPassing(error) && !stop.aborted) return null;
        throw error;
      });
      if (found === blob.sizeBytes) return;
      const pushed = await pushBlob(client, repository, blob, stop).catch(async (error: unknown) => {
        if (error instanceof RegistryError && error.code === "DIGEST_INVALID") await blob.examine?.(stop);
        throw error;
      });
      if (pushed === "mounted") {
        sent.mounted += 1;
        return;
      }
      sent.count += 1;
      sent.bytes += blob.sizeBytes;
    });
  });
  for (const document of documentsOf(image))
    await pushDocument(client, repository, document, document.digest, { log, signal });
  const mounted = sent.mounted === 0 ? "" : `, ${sent.mounted} mounted`;
  log(
    `pushed to ${client.host}/${repository}: ${sent.count} blobs sent (${megabytes(sent.bytes)})${mounted}, in ${seconds(startedAt)}`,
  );
}

/** Puts a document of an image that is there under a digest or a tag. */
export function pushDocument(
  client: RegistryClient,
  repository: string,
  document: ImageDocument,
  reference: string,
  { log, signal }: BuildContext,
): Promise<void> {
  return retrying(signal, log, () => pushManifest(client, repository, reference, document, signal));
}

/** Asks the registry for what was pushed: index and manifests byte for byte, every layer and config by size. */
export async function verifyPushed(
  client: RegistryClient,
  repository: string,
  image: BuiltImage,
  signal: AbortSignal,
): Promise<void> {
  for (const { digest } of documentsOf(image).reverse())
    if ((await pullManifest(client, repository, digest, signal)) === null)
      throw new RegistryError(`registry ${client.host} does not have ${repository}@${digest}, which was pushed to it`);
  await forEachAtOnce(contentOf(image), atOnce, signal, async ({ digest, sizeBytes }, stop) => {
    const found = await blobSize(client, repository, digest, "pull", stop);
    if (found !== sizeBytes)
      throw new RegistryError(
        `registry ${client.host} has ${found === null ? "no" : `${found} bytes of`} ${digest} of ${repository}, ` +
          `which was pushed to it with ${sizeBytes} bytes`,
      );
  });
}

type PushedBlob = BlobUpload & Pick<Layer, "examine">;

/** Each blob once, however often the manifests name it. */
function contentOf(image: BuiltImage, mountFrom?: PushContext["mountFrom"]): PushedBlob[] {
  const blobs = imagesOf(image).flatMap(({ layers, config }): PushedBlob[] => [
    ...layers.map((layer) => ({ ...layer, mountFrom: mountFrom?.(layer) })),
    { digest: digestOf(config), sizeBytes: config.length, open: async () => Readable.from([config]) },
  ]);
  return [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
}

/** A fault that may pass (no answer, too many requests, 5xx) is tried again three times, after a pause that outlasts a
 *  registry's restart or is as long as it asks for; the build has retries of its own. */
async function retrying(signal: AbortSignal, log: (line: string) => void, deed: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await deed();
    } catch (error) {
      if (attempt === attempts || !isPassing(error)) throw error;
      const asked = error instanceof RegistryError ? (error.retryAfterMs ?? 0) : 0;
      if (asked > longestPauseMs) throw error;
      const pauseMs = Math.max(asked, 250 * 4 ** (attempt - 1));
      log(`${messageOf(error)}; trying again${asked > 0 ? ` in ${Math.ceil(pauseMs / 1_000)} s, as it asks` : ""}`);
      await setTimeout(pauseMs, undefined, { signal });
    }
  }
}
