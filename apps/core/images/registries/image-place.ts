import type { Digest } from "#core/artifacts/digest.ts";
import type { Config } from "#core/config.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { imageReference } from "#core/models/version.ts";
import { BuildFault } from "../image-builder.ts";
import { isRepositoryPath } from "../registry-client/reference.ts";
import { defaultRegistry, modelPath, type RegistryRecord, registryOfModel } from "./registry-record.ts";

/** A repository of a registry that Slipway knows. */
export interface ImagePlace {
  /** The registry's name. */
  registry: string;
  host: string;
  path: string;
}

/** `host/path` */
export function repositoryOf({ host, path }: ImagePlace): string {
  return `${host}/${path}`;
}

/** Where an image is, of which `repository` is `host/path`. */
export function placeOf({ registry, repository }: { registry: string; repository: string }): ImagePlace {
  const slash = repository.indexOf("/");
  return { registry, host: repository.slice(0, slash), path: repository.slice(slash + 1) };
}

/** `host/path@sha256:…` */
export function referenceTo(place: ImagePlace, digest: Digest): string {
  return imageReference({ repository: repositoryOf(place), digest });
}

/** Keeps the registry from being deleted until the transaction ends. False where there is none of that name. */
export async function holdRegistry(tx: Transaction, name: string): Promise<boolean> {
  if (name === defaultRegistry) return true;
  const held = await tx.$queryRaw<object[]>`SELECT name FROM registries WHERE name = ${name} FOR SHARE`;
  return held.length > 0;
}

interface PlacedModel {
  id: string;
  name: string;
  repository: string;
}

/** Where a model's images go by default; see `takePlaceIn`. */
export async function takePlace(
  { db, config }: { db: Database; config: Pick<Config, "registry"> },
  model: PlacedModel,
): Promise<ImagePlace> {
  return takePlaceIn({ db }, await registryOfModel({ db, config }, model.name), model);
}

/** Where a registry has a model's images, which from now on is that model's repository. Templates of two registries on one
 *  host may lead to the same path; the first model that came has it for good. Throws `BuildFault`. */
export async function takePlaceIn(
  { db }: { db: Database },
  registry: RegistryRecord,
  model: Omit<PlacedModel, "name">,
): Promise<ImagePlace> {
  const place = { registry: registry.name, host: registry.host, path: modelPath(registry, model.repository) };
  const { host, path } = place;
  if (!isRepositoryPath(path))
    throw new BuildFault(
      "repository_too_long",
      `${repositoryOf(place)} is longer than registries take (255 characters): have an administrator give the registry ` +
        `${registry.name} a shorter repository template`,
    );
  await db.$executeRaw`
    INSERT INTO image_repositories (host, path, model_id) VALUES (${host}, ${path}, ${model.id}::uuid)
    ON CONFLICT (host, path) DO NOTHING`;
  const { modelId } = await db.imageRepository.findUniqueOrThrow({ where: { host_path: { host, path } } });
  if (modelId !== model.id)
    throw new BuildFault(
      "repository_taken",
      `the repository ${repositoryOf(place)} is another model's: have an administrator give the registry ` +
        `${registry.name} another repository template`,
    );
  return place;
}
