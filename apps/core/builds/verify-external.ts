import type { Database } from "#core/database/client.ts";
import { readExternalImage } from "#core/images/external-image.ts";
import { type BuildContext, BuildFault } from "#core/images/image-builder.ts";
import type { Registries } from "#core/images/registries/open-registries.ts";
import { RegistryError, UnusableAnswer } from "#core/images/registry-client/registry-error.ts";
import { type ExternalSource, referenceOf } from "./external-source.ts";
import type { MadeImage } from "./make-image.ts";

/** Verifies an image that was built elsewhere, in the registry that it is in. No other host is ever called. What is
 *  another model's is not there: it is not looked at, and nothing of it is told. Throws `BuildFault` where the image is to blame. */
export async function verifyExternal(
  { db, registries }: { db: Database; registries: Registries },
  external: ExternalSource,
  modelId: string,
  context: BuildContext,
): Promise<MadeImage> {
  const { host, repository, digest } = external;
  const registry = await registries.ofReference(external);
  if (registry === null) throw new Error(`no registry of this Slipway is at ${host} any more`);
  context.log(`verifying ${referenceOf(external)}, built elsewhere`);
  const owned = await db.imageRepository.findUnique({ where: { host_path: { host, path: repository } } });
  if (owned !== null && owned.modelId !== modelId)
    throw new BuildFault("image_not_found", `${referenceOf(external)} does not exist`);
  const platforms = await readExternalImage(registry.client, external, context).catch((error: unknown) => {
    throw faultOf(error);
  });
  return {
    place: { registry: registry.record.name, host, path: repository },
    digest,
    origin: "external",
    platforms,
    lock: null,
    builder: null,
    dockerfile: null,
  };
}

/** What the registry says of the image is the image's fault; that it does not answer is not. Many a registry says of a
 *  repository that it does not have that nobody may read it. */
function faultOf(error: unknown): unknown {
  if (error instanceof UnusableAnswer) return new BuildFault("image_unusable", error.message, { cause: error });
  if (error instanceof RegistryError && [401, 403, 404].includes(error.status ?? 0))
    return new BuildFault("image_not_found", error.message, { cause: error });
  return error;
}
