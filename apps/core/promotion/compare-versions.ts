import type { Database } from "#core/database/client.ts";
import { type ImageLock, locksIn } from "#core/images/lock.ts";
import { readVersion, type Version } from "#core/models/version.ts";
import type { PackageSpec } from "#core/packaging/package-spec.ts";
import type { Registry } from "#core/registry.ts";
import { type JsonChange, jsonChanges } from "./json-changes.ts";

/** Longer lists than this are cut; their counts are whole. */
const listedAtMost = 200;

export interface FileChange {
  path: string;
  /** Null where the version has no such file. */
  from: { digest: string; sizeBytes: number } | null;
  to: { digest: string; sizeBytes: number } | null;
}

export interface FileChanges {
  added: number;
  removed: number;
  changed: number;
  same: number;
  /** The first of them, by path. */
  items: FileChange[];
}

export interface RequirementChange {
  name: string;
  from: string | null;
  to: string | null;
}

/** What differs between two versions of a model, as somebody asks who is to decide on the second. */
export interface Comparison {
  model: string;
  from: Version;
  to: Version;
  files: FileChanges;
  metadata: JsonChange[];
  labels: JsonChange[];
  /** By `inputs.age`: `float64 [-1]`. */
  signature: JsonChange[];
  /** Null where one of the two has no lock. */
  requirements: RequirementChange[] | null;
  /** Null where one of the two has no image. */
  image: { fromBytes: number; toBytes: number; newBytes: number } | null;
}

/** Each by semver or by tag. Throws `model_not_found`, `version_not_found`. */
export async function compareVersions(
  { db }: Pick<Registry, "db">,
  { model, from: first, to: second }: { model: string; from: string; to: string },
): Promise<Comparison> {
  const [from, to] = [await readVersion({ db }, model, first), await readVersion({ db }, model, second)];
  const [before, after] = [await sealedFacts(db, from.id), await sealedFacts(db, to.id)];
  return {
    model,
    from,
    to,
    files: await fileChanges(db, from.id, to.id),
    metadata: jsonChanges(from.metadata, to.metadata).slice(0, listedAtMost),
    labels: jsonChanges(from.labels, to.labels).slice(0, listedAtMost),
    signature: jsonChanges(signatureOf(before.spec), signatureOf(after.spec)).slice(0, listedAtMost),
    requirements: before.lock === null || after.lock === null ? null : requirementChanges(before.lock, after.lock),
    image: imageChange(from, to),
  };
}

interface SealedFacts {
  /** Null of a draft. */
  spec: PackageSpec | null;
  /** Of the build that made the version's image. */
  lock: ImageLock | null;
}

async function sealedFacts(db: Database, id: string): Promise<SealedFacts> {
  const { spec, imageId } = await db.version.findUniqueOrThrow({
    where: { id },
    select: { spec: true, imageId: true },
  });
  const build = imageId === null ? null : await db.build.findFirst({ where: { imageId }, select: { lock: true } });
  return { spec: spec as PackageSpec | null, lock: (build?.lock ?? null) as ImageLock | null };
}

async function fileChanges(db: Database, from: string, to: string): Promise<FileChanges> {
  const [counts] = await db.$queryRaw<Omit<FileChanges, "items">[]>`
    SELECT count(*) FILTER (WHERE a.path IS NULL)::int AS added, count(*) FILTER (WHERE b.path IS NULL)::int AS removed,
           count(*) FILTER (WHERE a.blob_digest <> b.blob_digest)::int AS changed,
           count(*) FILTER (WHERE a.blob_digest = b.blob_digest)::int AS same
    FROM (SELECT * FROM version_files WHERE version_id = ${from}::uuid) a
    FULL JOIN (SELECT * FROM version_files WHERE version_id = ${to}::uuid) b ON a.path = b.path`;
  const items = await db.$queryRaw<FileChange[]>`
    SELECT coalesce(a.path, b.path) AS path,
           CASE WHEN a.path IS NOT NULL THEN jsonb_build_object('digest', a.blob_digest, 'sizeBytes', a.size_bytes) END AS from,
           CASE WHEN b.path IS NOT NULL THEN jsonb_build_object('digest', b.blob_digest, 'sizeBytes', b.size_bytes) END AS to
    FROM (SELECT * FROM version_files WHERE version_id = ${from}::uuid) a
    FULL JOIN (SELECT * FROM version_files WHERE version_id = ${to}::uuid) b ON a.path = b.path
    WHERE a.blob_digest IS DISTINCT FROM b.blob_digest
    ORDER BY 1 LIMIT ${listedAtMost}`;
  return { ...(counts as Omit<FileChanges, "items">), items };
}

function signatureOf(spec: PackageSpec | null): Record<string, Record<string, string>> {
  const named = (tensors: readonly { name: string; type: string; shape: number[]; optional: boolean }[] = []) =>
    Object.fromEntries(
      tensors.map(({ name, type, shape, optional }) => [
        name,
        `${type} [${shape.join(", ")}]${optional ? ", optional" : ""}`,
      ]),
    );
  return { inputs: named(spec?.signature?.inputs), outputs: named(spec?.signature?.outputs) };
}

/** Of images for several platforms, those of the first. */
function requirementChanges(from: ImageLock, to: ImageLock): RequirementChange[] {
  const pinned = (lock: ImageLock) =>
    new Map((locksIn(lock)[0]?.requirements ?? []).map(({ name, version }) => [name, version]));
  const [before, after] = [pinned(from), pinned(to)];
  return [...new Set([...before.keys(), ...after.keys()])]
    .sort()
    .map((name) => ({ name, from: before.get(name) ?? null, to: after.get(name) ?? null }))
    .filter((each) => each.from !== each.to);
}

/** Bytes of layers as they are in the registry, of all platforms, each layer once. */
function imageChange(from: Version, to: Version): Comparison["image"] {
  if (from.image === null || to.image === null) return null;
  const layers = ({ platforms }: NonNullable<Version["image"]>) =>
    new Map(platforms.flatMap((each) => each.layers.map(({ digest, sizeBytes }) => [digest, sizeBytes] as const)));
  const [before, after] = [layers(from.image), layers(to.image)];
  const sum = (sizes: Iterable<number>) => [...sizes].reduce((total, size) => total + size, 0);
  const added = [...after].filter(([digest]) => !before.has(digest)).map(([, sizeBytes]) => sizeBytes);
  return { fromBytes: sum(before.values()), toBytes: sum(after.values()), newBytes: sum(added) };
}
