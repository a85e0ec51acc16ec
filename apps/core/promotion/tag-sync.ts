import type { Digest } from "#core/artifacts/digest.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { placeOf } from "#core/images/registries/image-place.ts";
import type { Registries } from "#core/images/registries/open-registries.ts";
import type { RegistryClient } from "#core/images/registry-client/client.ts";
import { pullManifest } from "#core/images/registry-client/manifests.ts";
import { Prisma } from "#prisma/client/client.ts";

/** A tag in a repository of a registry, and what it has to be there. Whoever writes its row holds its model's first, as movers
 *  of tags do: they and the work would else wait for each other, and a row that the work is about to remove would be taken for one
 *  that is there. */
export interface TagSync {
  id: string;
  modelId: string;
  model: string;
  /** Its own part of a repository's path. */
  modelRepository: string;
  tag: string;
  registry: string;
  /** `host/path`; empty of a copy for which no place was looked for yet. */
  repository: string;
  /** The image is brought here from another registry. */
  copy: boolean;
  /** How often it was asked for. */
  requests: number;
  status: "pending" | "synced" | "drifted";
  /** Why it is so, in one line. */
  reason: string | null;
  /** Of the tag as it is. */
  revision: number;
  versionId: string | null;
  /** Null where the tag points at no image that has to be in this repository. */
  digest: Digest | null;
  /** Where the image is that the tag points at. */
  imageRegistry: string | null;
  imageRepository: string | null;
  /** Since when it is so. */
  changedAt: Date;
  checkedAt: Date;
}

/** Rows of `tag_syncs` with what their tags are at now; the caller adds `WHERE` and what follows. */
export const selectSyncs = Prisma.sql`
  SELECT s.id, s.model_id AS "modelId", m.name AS model, m.repository AS "modelRepository", s.tag, s.registry, s.repository,
         s.copy, s.requests, s.status, s.reason, s.changed_at AS "changedAt", s.checked_at AS "checkedAt", t.revision,
         t.version_id AS "versionId", i.registry AS "imageRegistry", i.repository AS "imageRepository",
         CASE WHEN s.copy OR (i.registry = s.registry AND i.repository = s.repository) THEN t.image_digest END AS digest
  FROM tag_syncs s JOIN models m ON m.id = s.model_id JOIN tags t ON t.model_id = s.model_id AND t.name = s.tag
  LEFT JOIN versions v ON v.id = t.version_id LEFT JOIN images i ON i.id = v.image_id`;

export async function readSync(db: Database | Transaction, id: string): Promise<TagSync | null> {
  const [sync] = await db.$queryRaw<TagSync[]>`${selectSyncs} WHERE s.id = ${id}::uuid`;
  return sync ?? null;
}

export interface TagInRegistry {
  client: RegistryClient;
  path: string;
  /** What the registry has under the tag; null where it has nothing. */
  digest: Digest | null;
}

/** Asks the registry. Throws `RegistryError`, `RegistryMoved`, `registry_not_found`. */
export async function askForTag(registries: Registries, sync: TagSync, signal: AbortSignal): Promise<TagInRegistry> {
  const { registry, host, path } = placeOf(sync);
  const { client } = await registries.open(registry, host);
  const manifest = await pullManifest(client, path, sync.tag, signal);
  return { client, path, digest: manifest?.digest ?? null };
}

/** `host/path:prod`; by the registry's name for as long as its place is not known. */
export function tagReference({ registry, repository, tag }: Pick<TagSync, "registry" | "repository" | "tag">): string {
  return `${repository || registry}:${tag}`;
}
