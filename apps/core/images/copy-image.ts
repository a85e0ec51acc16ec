import { Readable } from "node:stream";
import { type Digest, digestFrom, sha256 } from "#core/artifacts/digest.ts";
import type { BuildContext } from "./image-builder.ts";
import { megabytes, seconds } from "./measures.ts";
import type { OpenRegistry } from "./registries/open-registries.ts";
import { forEachAtOnce } from "./registry-client/at-once.ts";
import { type BlobUpload, blobSize, pullBlob, pushBlob } from "./registry-client/blobs.ts";
import type { RegistryClient } from "./registry-client/client.ts";
import { type PulledManifest, pullManifest, pushManifest } from "./registry-client/manifests.ts";
import { digestIn, documentIn } from "./registry-client/platform-manifest.ts";
import { RegistryError, UnusableAnswer } from "./registry-client/registry-error.ts";

const atOnce = 4;
/** More than any image has: platforms, what is attached to them, and what an index lists in an index. */
const documentsLimit = 200;

interface Place {
  client: RegistryClient;
  path: string;
}

interface Image {
  /** Each after those that it names. */
  documents: PulledManifest[];
  blobs: { digest: Digest; sizeBytes: number }[];
}

/** Brings an image with all that it names from one repository to another, by its digest and byte for byte: configs and layers
 *  first, which are mounted where both are of one registry and else streamed, then the manifests, an index last. What is there
 *  already is not sent, so that a copy that was cut off goes on where it stood. Throws `RegistryError`. */
export async function copyImage(
  from: Place,
  to: Place & Pick<OpenRegistry, "repositories">,
  digest: Digest,
  context: BuildContext,
): Promise<void> {
  const image = await readImage(from, to, digest, context.signal);
  try {
    await send(from, to, image, context);
  } catch (error) {
    const missing = error instanceof RegistryError && error.status === 404 && error.code === "NAME_UNKNOWN";
    if (!missing || to.repositories === null) throw error;
    await to.repositories.create(to.path, context.signal);
    context.log(`made the repository ${to.client.host}/${to.path}`);
    await send(from, to, image, context);
  }
}

async function readImage(from: Place, to: Place, root: Digest, signal: AbortSignal): Promise<Image> {
  const documents = new Map<Digest, PulledManifest>();
  const blobs = new Map<Digest, number>();
  const read = async (digest: Digest): Promise<void> => {
    if (documents.has(digest)) return;
    const name = `${from.client.host}/${from.path}@${digest}`;
    if (documents.size >= documentsLimit) throw new UnusableAnswer(`${name} is one of more than ${documentsLimit}`);
    const document =
      (await pullManifest(to.client, to.path, digest, signal)) ??
      (await pullManifest(from.client, from.path, digest, signal));
    if (document === null) throw new RegistryError(`${name} does not exist`, { status: 404 });
    const { index, manifest } = documentIn(document, name);
    for (const entry of index?.manifests ?? []) await read(digestIn(entry, name));
    for (const part of manifest === null ? [] : [manifest.config, ...manifest.layers])
      blobs.set(digestIn(part, name), part.size);
    documents.set(digest, document);
  };
  await read(root);
  return {
    documents: [...documents.values()],
    blobs: [...blobs].map(([digest, sizeBytes]) => ({ digest, sizeBytes })),
  };
}

async function send(from: Place, to: Place, { documents, blobs }: Image, { log, signal }: BuildContext): Promise<void> {
  const startedAt = performance.now();
  const sent = { count: 0, bytes: 0, mounted: 0 };
  const mountFrom = from.client.host === to.client.host ? from.path : undefined;
  await forEachAtOnce(blobs, atOnce, signal, async ({ digest, sizeBytes }, stop) => {
    if ((await blobSize(to.client, to.path, digest, "push", stop)) === sizeBytes) return;
    const blob: BlobUpload = {
      digest,
      sizeBytes,
      mountFrom,
      open: () => openChecked(from, { digest, sizeBytes }, stop),
    };
    if ((await pushBlob(to.client, to.path, blob, stop)) === "mounted") {
      sent.mounted += 1;
      return;
    }
    sent.count += 1;
    sent.bytes += sizeBytes;
    log(`copied ${digest} to ${to.client.host}/${to.path} (${megabytes(sizeBytes)})`);
  });
  for (const document of documents) await pushManifest(to.client, to.path, document.digest, document, signal);
  const mounted = sent.mounted === 0 ? "" : `, ${sent.mounted} mounted`;
  log(
    `${to.client.host}/${to.path} has the image: ${sent.count} blobs sent (${megabytes(sent.bytes)})${mounted}, in ${seconds(startedAt)}`,
  );
}

/** Ends with its last byte only when all of them are the right ones. */
async function openChecked(
  { client, path }: Place,
  { digest, sizeBytes }: { digest: Digest; sizeBytes: number },
  signal: AbortSignal,
): Promise<Readable> {
  const fault = (what: string) => new RegistryError(`registry ${client.host} gives ${what} for ${digest} of ${path}`);
  const body = await pullBlob(client, path, digest, signal).catch((error: unknown) => {
    if (!(error instanceof RegistryError) || error.status !== 404) throw error;
    throw new RegistryError(`registry ${client.host} has no ${digest} of ${path} any more`, { status: 404 });
  });
  const checked = Readable.from(
    (async function* () {
      const hash = sha256();
      let readBytes = 0;
      for await (const chunk of body) {
        hash.update(chunk as Buffer);
        readBytes += (chunk as Buffer).length;
        if (readBytes > sizeBytes) throw fault("too many bytes");
        if (readBytes === sizeBytes && digestFrom(hash) !== digest) throw fault("other bytes");
        yield chunk;
      }
      if (readBytes < sizeBytes) throw fault(`only ${readBytes} bytes`);
    })(),
  );
  // One that nobody began to read keeps its connection.
  return checked.once("close", () => body.destroy());
}
