import type { Readable } from "node:stream";
import { type Digest, digestOf } from "#core/artifacts/digest.ts";
import { type RegistryClient, refusal } from "./client.ts";
import { readLimited } from "./read-limited.ts";
import { RegistryError } from "./registry-error.ts";
import type { Answer } from "./transport.ts";

/** As for manifests (distribution-spec: at least 4 MiB must be taken). */
const documentLimitBytes = 4 * 1024 * 1024;

/** More of a blob than this is not read to see whether it is there. */
const enoughBytes = 128 * 1024;

interface RemoteBlob {
  digest: Digest;
  sizeBytes: number;
}

/** Size in bytes, or null where the repository has no such blob. A byte is read: a HEAD may be answered from a
 *  registry's memory of a blob whose bytes are gone. The first one, since not every store behind a registry knows
 *  ranges from the end. */
export async function blobSize(
  client: RegistryClient,
  repository: string,
  digest: Digest,
  access: "pull" | "push",
  signal: AbortSignal,
): Promise<number | null> {
  const target = `/v2/${repository}/blobs/${digest}`;
  const answer = await client.call({
    method: "GET",
    target,
    repository,
    access,
    headers: { range: "bytes=0-0" },
    signal,
  });
  if (answer.status === 404) {
    await answer.body.dump();
    return null;
  }
  if (![200, 206, 416].includes(answer.status))
    throw await refusal(client, answer, `say whether ${repository} has ${digest}`);
  // A registry that knows no ranges begins to send all of it.
  const size =
    answer.status === 200
      ? answer.headers["content-length"]
      : /\/(\d+)$/.exec(answer.headers["content-range"] ?? "")?.[1];
  try {
    let readBytes = 0;
    for await (const chunk of answer.body) {
      readBytes += (chunk as Buffer).length;
      if (readBytes > enoughBytes) break;
    }
  } catch (cause) {
    signal.throwIfAborted();
    throw new RegistryError(`registry ${client.host} broke off ${digest} of ${repository}`, { cause });
  }
  if (size === undefined) throw new RegistryError(`registry ${client.host} does not say how large ${digest} is`);
  return Number(size);
}

/** The caller owns the stream, and checks its digest. */
export async function pullBlob(
  client: RegistryClient,
  repository: string,
  digest: Digest,
  signal: AbortSignal,
): Promise<Readable> {
  const target = `/v2/${repository}/blobs/${digest}`;
  const answer = await client.call({ method: "GET", target, repository, access: "pull", signal });
  if (answer.status !== 200) throw await refusal(client, answer, `give ${digest} of ${repository}`);
  return answer.body;
}

/** A small blob, e.g. a config, checked against its digest. */
export async function pullDocument(
  client: RegistryClient,
  repository: string,
  digest: Digest,
  signal: AbortSignal,
): Promise<Buffer> {
  const body = await pullBlob(client, repository, digest, signal);
  const bytes = await readLimited(body, documentLimitBytes, `${digest} of ${client.host}/${repository}`, signal);
  const found = digestOf(bytes);
  if (found !== digest)
    throw new RegistryError(`registry ${client.host} answered ${digest} of ${repository} with other bytes (${found})`);
  return bytes;
}

export interface BlobUpload extends RemoteBlob {
  open(): Promise<Readable>;
  /** A repository of the same registry that may have it: then it is mounted and not sent. */
  mountFrom?: string | undefined;
}

/** Sends a blob whole: POST, then one PUT with its length (distribution-spec, "POST then PUT"), which all registries
 *  take in any size. */
export async function pushBlob(
  client: RegistryClient,
  repository: string,
  blob: BlobUpload,
  signal: AbortSignal,
): Promise<"mounted" | "sent"> {
  const location = await startUpload(client, repository, blob, signal);
  if (location === "mounted") return "mounted";
  // As text: parsing it would spell the registry's own state anew.
  location.search += `${location.search === "" ? "?" : "&"}digest=${encodeURIComponent(blob.digest)}`;
  const answer = await client.call({
    method: "PUT",
    target: location,
    repository,
    access: "push",
    headers: { "content-type": "application/octet-stream", "content-length": String(blob.sizeBytes) },
    body: blob.sizeBytes === 0 ? Buffer.alloc(0) : blob.open,
    signal,
  });
  if (answer.status !== 201) throw await refusal(client, answer, `take ${blob.digest} into ${repository}`);
  await answer.body.dump();
  return "sent";
}

/** Where to send the blob, or that it need not be sent. A registry that cannot or will not mount answers like one that
 *  was not asked to, or refuses; then it is asked without. */
async function startUpload(
  client: RegistryClient,
  repository: string,
  { digest, mountFrom }: BlobUpload,
  signal: AbortSignal,
): Promise<URL | "mounted"> {
  const post = (query: string, reads: { alsoReads?: string }): Promise<Answer> =>
    client.call({
      method: "POST",
      target: `/v2/${repository}/blobs/uploads/${query}`,
      repository,
      access: "push",
      ...reads,
      headers: { "content-length": "0" },
      signal,
    });
  let answer =
    mountFrom === undefined
      ? await post("", {})
      : await post(`?${new URLSearchParams({ mount: digest, from: mountFrom })}`, { alsoReads: mountFrom });
  if (mountFrom !== undefined && answer.status >= 400) {
    await answer.body.dump();
    answer = await post("", {});
  }
  if (answer.status !== 202 && answer.status !== 201)
    throw await refusal(client, answer, `begin an upload into ${repository}`);
  await answer.body.dump();
  if (answer.status === 201 && mountFrom !== undefined) return "mounted";
  const location = answer.headers["location"];
  if (location === undefined) throw new RegistryError(`registry ${client.host} began an upload and did not say where`);
  return client.resolve(location);
}

/** Removes a blob from a repository; false where it has none. Many registries leave that to their own collector and
 *  refuse (distribution-spec, "Deleting Blobs"). */
export async function deleteBlob(
  client: RegistryClient,
  repository: string,
  digest: Digest,
  signal: AbortSignal,
): Promise<boolean> {
  const target = `/v2/${repository}/blobs/${digest}`;
  const answer = await client.call({ method: "DELETE", target, repository, access: "delete", signal });
  if (answer.status !== 404 && ![200, 202, 204].includes(answer.status))
    throw await refusal(client, answer, `delete ${digest} of ${repository}`);
  await answer.body.dump();
  return answer.status !== 404;
}
