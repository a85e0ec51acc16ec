import { isSlipwayError, messageOf } from "#core/errors.ts";
import { copyImage } from "#core/images/copy-image.ts";
import { placeOf } from "#core/images/registries/image-place.ts";
import { type Registries, RegistryMoved } from "#core/images/registries/open-registries.ts";
import type { KnownManifests } from "#core/images/registry-client/known-manifests.ts";
import { deleteManifest, pullManifest, pushManifest } from "#core/images/registry-client/manifests.ts";
import { isPassing, RegistryError } from "#core/images/registry-client/registry-error.ts";
import type { Logger } from "#core/logger.ts";
import { askForTag, type TagSync, tagReference } from "./tag-sync.ts";

export interface TagBringing {
  registries: Registries;
  manifests: KnownManifests;
}

/** Has a registry's tag be what its row says, and asks for it afterwards; of a copy the image is there (`copyHere`). Returns what
 *  stays as it is and should not, in one line, else null. Throws `RegistryError`, `registry_not_found`. */
export async function bringTag(
  { registries, manifests }: TagBringing,
  sync: TagSync,
  signal: AbortSignal,
): Promise<string | null> {
  const { digest } = sync;
  if (digest === null) return removeTag(registries, sync, signal);
  const { registry, host, path } = placeOf(sync);
  const { client } = await registries.open(registry, host);
  const manifest = await manifests.pull(client, path, digest, signal);
  if (manifest === null) throw new RegistryError(`registry ${host} has no ${path}@${digest} any more`);
  await pushManifest(client, path, sync.tag, manifest, signal);
  const found = await pullManifest(client, path, sync.tag, signal);
  if (found?.digest !== digest) throw notTaken(sync, found?.digest ?? null);
  return null;
}

/** Brings the image of a copy to where its tag goes. Throws `RegistryError`, `registry_not_found`. */
export async function copyHere(
  registries: Registries,
  { digest, imageRegistry, imageRepository, ...target }: TagSync,
  { signal, log }: { signal: AbortSignal; log: Logger },
): Promise<void> {
  if (digest === null || imageRegistry === null || imageRepository === null)
    throw new Error("there is nothing to copy");
  const [from, to] = [placeOf({ registry: imageRegistry, repository: imageRepository }), placeOf(target)];
  const [source, opened] = [
    await registries.open(from.registry, from.host),
    await registries.open(to.registry, to.host),
  ];
  await copyImage({ client: source.client, path: from.path }, { ...opened, path: to.path }, digest, {
    signal,
    log: (line) => log.info(line),
  });
}

/** Many registries remove no tag but with its manifest, and with it every other tag that is there; and of one that is not ours
 *  any more nothing is removed. */
async function removeTag(registries: Registries, sync: TagSync, signal: AbortSignal): Promise<string | null> {
  if (sync.repository === "") return null;
  const staying = (at: string, error: unknown) => `the tag stays in its registry${at}: ${messageOf(error)}`;
  let found: Awaited<ReturnType<typeof askForTag>>;
  try {
    found = await askForTag(registries, sync, signal);
  } catch (error) {
    if (error instanceof RegistryMoved || isSlipwayError(error, "registry_not_found")) return staying("", error);
    throw error;
  }
  if (found.digest === null) return null;
  try {
    await deleteManifest(found.client, found.path, sync.tag, signal);
  } catch (error) {
    if (isPassing(error)) throw error;
    return staying(`, at ${found.digest}`, error);
  }
  const after = await askForTag(registries, sync, signal);
  if (after.digest !== null) throw notTaken(sync, after.digest);
  return null;
}

function notTaken(sync: TagSync, found: string | null): RegistryError {
  return new RegistryError(
    `registry ${placeOf(sync).host} has ${found ?? "nothing"} under ${tagReference(sync)}, after it has taken ${sync.digest ?? "its removal"}`,
  );
}
