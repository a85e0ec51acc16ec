import type { Database, Transaction } from "#core/database/client.ts";
import { imageReference } from "#core/models/version.ts";
import type { ManifestName, VersionImage } from "./image-row.ts";

type Going = ManifestName & Pick<VersionImage, "platforms">;

interface Blob {
  /** What it is, as the platforms of an image that has it are searched. */
  found: object;
  /** Layers of bases and runtimes are the same bytes for all repositories of a host. Of what is a model's own, only its own
   *  repository is looked at: a figure must not tell what another team's models hold. */
  scope: string;
  isShared: boolean;
  sizeBytes: number;
  /** The last of those that go and have it. */
  image: string;
}

/** What a registry can give back once these images are gone, by reference: each layer counts once, with the last image that
 *  goes and has it, and only where no other image that Slipway knows of has it; so do configs, each with its manifest. */
export async function freedBytes(db: Database | Transaction, going: readonly Going[]): Promise<Map<string, number>> {
  const freed = new Map(going.map((image) => [imageReference(image), 0]));
  const blobs = new Map(
    going.flatMap(blobsOf).map((blob) => [`${blob.scope} ${JSON.stringify(blob.found)}`, blob] as const),
  );
  const all = [...blobs.values()];
  const used = await db.$queryRaw<{ index: number }[]>`
    SELECT (b.index - 1)::int AS index
    FROM unnest(${all.map(({ found }) => JSON.stringify([found]))}::text[], ${all.map(({ scope }) => scope)}::text[],
                ${all.map(({ isShared }) => isShared)}::boolean[]) WITH ORDINALITY AS b (found, scope, shared, index)
    WHERE EXISTS (
      SELECT FROM images o
      WHERE o.status <> 'removed'
        AND o.platforms @> b.found::jsonb
        AND CASE WHEN b.shared THEN split_part(o.repository, '/', 1) = b.scope ELSE o.repository = b.scope END
        AND NOT (o.repository || '@' || o.digest = ANY (${[...freed.keys()]}::text[])))`;
  const isUsed = new Set(used.map(({ index }) => index));
  for (const [index, { image, sizeBytes }] of all.entries())
    if (!isUsed.has(index)) freed.set(image, (freed.get(image) ?? 0) + sizeBytes);
  return freed;
}

function blobsOf(image: Going): Blob[] {
  const { repository, platforms } = image;
  const reference = imageReference(image);
  const configs = platforms.map(({ digest, sizeBytes, layers }) => ({
    found: { digest },
    scope: repository,
    isShared: false,
    sizeBytes: sizeBytes - layers.reduce((bytes, layer) => bytes + layer.sizeBytes, 0),
    image: reference,
  }));
  const layers = platforms.flatMap((platform) =>
    platform.layers.map(({ digest, sizeBytes, kind }) => {
      const isShared = kind === "base" || kind === "runtime" || kind === "dependencies";
      const scope = isShared ? hostOf(image) : repository;
      return { found: { layers: [{ digest }] }, scope, isShared, sizeBytes, image: reference };
    }),
  );
  return [...configs, ...layers];
}

function hostOf({ repository }: ManifestName): string {
  return repository.slice(0, repository.indexOf("/"));
}
