import type { Database, Transaction } from "#core/database/client.ts";
import { imageReference } from "#core/models/version.ts";
import type { ManifestName, VersionImage } from "./image-row.ts";

type Going = ManifestName & Pick<VersionImage, "platforms">;

interface Blob {
  digest: string;
  /** Layers of bases and runtimes are the same bytes for all repositories of a host. Of what is a model's own, only its own
   *  repository is looked at: a figure must not tell what another team's models hold. */
  scope: string;
  isShared: boolean;
  sizeBytes: number;
  /** The last of those that go and have it. */
  image: string;
}

/** What a registry can give back once these images are gone, by reference: each layer counts once, with the last image that
 *  goes and has it, and only where no other image that Slipway knows of has it; so do configs. */
export async function freedBytes(db: Database | Transaction, going: readonly Going[]): Promise<Map<string, number>> {
  const freed = new Map(going.map((image) => [imageReference(image), configBytes(image)]));
  const blobs = new Map<string, Blob>();
  for (const image of going)
    for (const { digest, sizeBytes, kind } of image.platforms.flatMap(({ layers }) => layers)) {
      const isShared = kind === "base" || kind === "runtime" || kind === "dependencies";
      const scope = isShared ? hostOf(image) : image.repository;
      blobs.set(`${scope} ${digest}`, { digest, scope, isShared, sizeBytes, image: imageReference(image) });
    }
  const all = [...blobs.values()];
  const used = await db.$queryRaw<{ index: number }[]>`
    SELECT (b.index - 1)::int AS index
    FROM unnest(${all.map(({ digest }) => digest)}::text[], ${all.map(({ scope }) => scope)}::text[],
                ${all.map(({ isShared }) => isShared)}::boolean[]) WITH ORDINALITY AS b (digest, scope, shared, index)
    WHERE EXISTS (
      SELECT FROM images o
      WHERE o.status <> 'removed'
        AND o.platforms @> jsonb_build_array(jsonb_build_object('layers', jsonb_build_array(jsonb_build_object('digest', b.digest))))
        AND CASE WHEN b.shared THEN split_part(o.repository, '/', 1) = b.scope ELSE o.repository = b.scope END
        AND NOT (o.repository || '@' || o.digest = ANY (${[...freed.keys()]}::text[])))`;
  const isUsed = new Set(used.map(({ index }) => index));
  for (const [index, { image, sizeBytes }] of all.entries())
    if (!isUsed.has(index)) freed.set(image, (freed.get(image) ?? 0) + sizeBytes);
  return freed;
}

function configBytes({ platforms }: Going): number {
  return platforms.reduce(
    (sum, { sizeBytes, layers }) => sum + sizeBytes - layers.reduce((bytes, layer) => bytes + layer.sizeBytes, 0),
    0,
  );
}

function hostOf({ repository }: ManifestName): string {
  return repository.slice(0, repository.indexOf("/"));
}
