import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { inject } from "vitest";
import { digestOf } from "#core/artifacts/digest.ts";
import { mediaTypes } from "#core/images/oci.ts";
import { pushBlob } from "#core/images/registry-client/blobs.ts";
import { openRegistryClient } from "#core/images/registry-client/client.ts";
import { pushManifest } from "#core/images/registry-client/manifests.ts";
import { smallImage } from "./small-image.ts";
import { whenDone } from "./when-done.ts";

/** What a pipeline has pushed by itself to the registry of the tests: host/repository, and the digest there. */
export async function pushedImage(): Promise<{ repository: string; digest: string }> {
  const host = inject("parts").registryHost;
  const client = openRegistryClient({ host });
  whenDone(() => client.close());
  const signal = AbortSignal.timeout(100_000);
  const path = `ci-${randomBytes(6).toString("hex")}/churn`;
  const { config, layers, manifest, digest } = smallImage("made by a pipeline\n");
  const held = { digest: digestOf(config), sizeBytes: config.length, open: async () => Readable.from([config]) };
  for (const blob of [held, ...layers]) await pushBlob(client, path, blob, signal);
  await pushManifest(client, path, digest, { bytes: manifest, mediaType: mediaTypes.manifest }, signal);
  return { repository: `${host}/${path}`, digest };
}
