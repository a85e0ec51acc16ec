import { mkdir } from "node:fs/promises";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { type Digest, digestFrom, sha256 } from "#core/artifacts/digest.ts";
import { unpackInto } from "#core/images/bases/unpack.ts";
import type { Descriptor, ImageConfig, Manifest } from "#core/images/oci.ts";
import { pullBlob } from "#core/images/registry-client/blobs.ts";
import { openRegistryClient, type RegistryClient } from "#core/images/registry-client/client.ts";
import { pullManifest } from "#core/images/registry-client/manifests.ts";

/** Pulls an image by digest and unpacks its layers, one over the other, into `folder`. */
export async function pullImage(reference: string, folder: string, signal: AbortSignal): Promise<ImageConfig> {
  const [name = "", digest = ""] = reference.split("@");
  const slash = name.indexOf("/");
  const repository = name.slice(slash + 1);
  const client = openRegistryClient({ host: name.slice(0, slash) });
  try {
    const pulled = await pullManifest(client, repository, digest, signal);
    if (pulled === null) throw new Error(`the registry does not have ${reference}`);
    const manifest = JSON.parse(pulled.bytes.toString()) as Manifest;
    await mkdir(folder, { recursive: true });
    for (const layer of manifest.layers) {
      const blob = await pullBlob(client, repository, layer.digest, signal);
      const stages: [Readable, ...Transform[]] = [blob, checked(layer.digest)];
      if (layer.mediaType.endsWith("gzip")) stages.push(createGunzip());
      await unpackInto(folder, stages, { signal });
    }
    return JSON.parse(await readBlob(client, repository, manifest.config, signal)) as ImageConfig;
  } finally {
    await client.close();
  }
}

async function readBlob(
  client: RegistryClient,
  repository: string,
  { digest }: Descriptor,
  signal: AbortSignal,
): Promise<string> {
  const blob = await pullBlob(client, repository, digest, signal);
  const chunks: Buffer[] = [];
  await pipeline(blob, checked(digest), async (bytes: AsyncIterable<Buffer>) => {
    for await (const chunk of bytes) chunks.push(chunk);
  });
  return Buffer.concat(chunks).toString();
}

/** Lets bytes through, and fails at their end when they are not those of the digest. */
function checked(digest: Digest): Transform {
  const hash = sha256();
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      done(digestFrom(hash) === digest ? null : new Error(`the registry answered ${digest} with other bytes`));
    },
  });
}
