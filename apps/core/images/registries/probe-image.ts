import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { type Digest, digestOf } from "#core/artifacts/digest.ts";
import { mediaTypes } from "../oci.ts";
import { type BlobUpload, deleteBlob, pullDocument, pushBlob } from "../registry-client/blobs.ts";
import { refusal } from "../registry-client/client.ts";
import { deleteManifest, pullManifest, pushManifest } from "../registry-client/manifests.ts";
import { RegistryError } from "../registry-client/registry-error.ts";
import type { OpenRegistry } from "./open-registries.ts";

/** An image of a few bytes that nobody had before, to try a registry with. Each deed throws where it does not work. */
export interface ProbeImage {
  logIn(signal: AbortSignal): Promise<void>;
  push(signal: AbortSignal): Promise<void>;
  pull(signal: AbortSignal): Promise<void>;
  mount(signal: AbortSignal): Promise<void>;
  remove(signal: AbortSignal): Promise<void>;
  /** Removes what is left, as far as the registry lets it; what it does not let is named. */
  clean(signal: AbortSignal): Promise<string[]>;
}

/** What a registry answers that does not mount (distribution-spec, "Mounting a blob from another repository"). */
export const notMounted = 202;

export function probeImage(
  { client, repositories }: OpenRegistry,
  { repository, mountedInto }: { repository: string; mountedInto: string },
): ProbeImage {
  const layer = blobOf(randomBytes(64));
  const rootfs = { type: "layers", diff_ids: [layer.digest] };
  const config = blobOf(Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", rootfs })));
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: descriptor(config, mediaTypes.config),
      layers: [descriptor(layer, mediaTypes.layerTar)],
    }),
  );
  const digest = digestOf(manifest);
  const blobs: { repository: string; digest: Digest }[] = [];
  const made: string[] = [];
  let manifestIsThere = false;

  /** In a repository that is made where the registry is set to. */
  const send = async (into: string, blob: BlobUpload, signal: AbortSignal): Promise<"mounted" | "sent"> => {
    try {
      const way = await pushBlob(client, into, blob, signal);
      blobs.push({ repository: into, digest: blob.digest });
      return way;
    } catch (error) {
      const missing = error instanceof RegistryError && error.code === "NAME_UNKNOWN";
      if (!missing || repositories === null || made.includes(into)) throw error;
      await repositories.create(into, signal);
      made.push(into);
      return send(into, blob, signal);
    }
  };

  return {
    async logIn(signal) {
      const answer = await client.call({
        method: "GET",
        target: `/v2/${repository}/manifests/none`,
        repository,
        access: "push",
        signal,
      });
      if (answer.status === 401 || answer.status === 403 || answer.status >= 500)
        throw await refusal(client, answer, `let this login into ${repository}`);
      await answer.body.dump();
    },
    async push(signal) {
      for (const blob of [layer, config]) await send(repository, blob, signal);
      await pushManifest(client, repository, digest, { bytes: manifest, mediaType: mediaTypes.manifest }, signal);
      manifestIsThere = true;
    },
    async pull(signal) {
      if ((await pullManifest(client, repository, digest, signal)) === null)
        throw new RegistryError(
          `registry ${client.host} does not have ${repository}@${digest}, which was pushed to it`,
        );
      await pullDocument(client, repository, layer.digest, signal);
    },
    async mount(signal) {
      if ((await send(mountedInto, { ...layer, mountFrom: repository }, signal)) === "mounted") return;
      const what = "a layer that it has in another repository sent again";
      throw new RegistryError(`registry ${client.host} wants ${what}`, { status: notMounted });
    },
    async remove(signal) {
      await deleteManifest(client, repository, digest, signal);
      manifestIsThere = false;
    },
    async clean(signal) {
      // Of a blob that no manifest names a registry rids itself, sooner or later.
      for (const blob of blobs) await deleteBlob(client, blob.repository, blob.digest, signal).catch(() => {});
      const left: string[] = [];
      for (const path of made)
        await repositories?.remove(path, signal).catch(() => {
          left.push(`${client.host}/${path}`);
        });
      if (manifestIsThere && !made.includes(repository)) left.push(`${client.host}/${repository}@${digest}`);
      return left;
    },
  };
}

function blobOf(bytes: Buffer): BlobUpload {
  return { digest: digestOf(bytes), sizeBytes: bytes.length, open: async () => Readable.from([bytes]) };
}

function descriptor({ digest, sizeBytes }: BlobUpload, mediaType: string) {
  return { mediaType, digest, size: sizeBytes };
}
