import { setTimeout as sleep } from "node:timers/promises";
import { type Digest, digestOf } from "#core/artifacts/digest.ts";
import { mediaTypes } from "../oci.ts";
import { type RegistryClient, refusal } from "./client.ts";
import { readLimited } from "./read-limited.ts";
import { RegistryError } from "./registry-error.ts";

const accepted = [mediaTypes.manifest, mediaTypes.index, mediaTypes.dockerManifest, mediaTypes.dockerManifestList].join(
  ", ",
);

/** Larger manifests are refused by registries as well (distribution-spec: at least 4 MiB must be taken). */
const manifestLimitBytes = 4 * 1024 * 1024;

const pausesMs = [20, 200];

export interface PulledManifest {
  bytes: Buffer;
  digest: Digest;
  mediaType: string;
}

/** Null where the repository has no such manifest. One asked for by digest is checked against it. */
export async function pullManifest(
  client: RegistryClient,
  repository: string,
  reference: string,
  signal: AbortSignal,
): Promise<PulledManifest | null> {
  const target = `/v2/${repository}/manifests/${reference}`;
  const ask = () =>
    client.call({ method: "GET", target, repository, access: "pull", headers: { accept: accepted }, signal });
  let answer = await ask();
  // In the moment in which it is put under another tag distribution has its link empty, and answers 500.
  for (const pauseMs of pausesMs) {
    if (answer.status !== 500) break;
    await answer.body.dump();
    await sleep(pauseMs, undefined, { signal });
    answer = await ask();
  }
  if (answer.status === 404) {
    await answer.body.dump();
    return null;
  }
  if (answer.status !== 200) throw await refusal(client, answer, `give the manifest ${reference} of ${repository}`);
  const bytes = await readLimited(
    answer.body,
    manifestLimitBytes,
    `the manifest ${reference} of ${client.host}/${repository}`,
    signal,
  );
  const digest = digestOf(bytes);
  if (reference.startsWith("sha256:") && reference !== digest)
    throw new RegistryError(
      `registry ${client.host} answered ${reference} of ${repository} with other bytes (${digest})`,
    );
  return { bytes, digest, mediaType: answer.headers["content-type"]?.split(";", 1)[0] ?? "" };
}

/** Puts a manifest under a tag, or under its digest. */
export async function pushManifest(
  client: RegistryClient,
  repository: string,
  reference: string,
  manifest: { bytes: Buffer; mediaType: string },
  signal: AbortSignal,
): Promise<void> {
  const answer = await client.call({
    method: "PUT",
    target: `/v2/${repository}/manifests/${reference}`,
    repository,
    access: "push",
    headers: { "content-type": manifest.mediaType, "content-length": String(manifest.bytes.length) },
    body: manifest.bytes,
    signal,
  });
  if (answer.status !== 201) throw await refusal(client, answer, `take the manifest ${reference} into ${repository}`);
  await answer.body.dump();
  const stored = answer.headers["docker-content-digest"];
  const expected = digestOf(manifest.bytes);
  if (stored !== undefined && stored !== expected)
    throw new RegistryError(
      `registry ${client.host} keeps the manifest of ${repository} as ${stored}, not as ${expected}`,
    );
}

/** Removes a manifest by its digest, and mostly its tags with it, or a tag by its name. False where the repository has none. A
 *  registry that removes nothing refuses (distribution-spec, "Deleting Manifests"). */
export async function deleteManifest(
  client: RegistryClient,
  repository: string,
  reference: string,
  signal: AbortSignal,
): Promise<boolean> {
  const target = `/v2/${repository}/manifests/${reference}`;
  const answer = await client.call({ method: "DELETE", target, repository, access: "delete", signal });
  if (answer.status !== 404 && ![200, 202, 204].includes(answer.status))
    throw await refusal(client, answer, `delete the manifest ${reference} of ${repository}`);
  await answer.body.dump();
  return answer.status !== 404;
}
