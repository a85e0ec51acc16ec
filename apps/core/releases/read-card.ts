import { SlipwayError } from "#core/errors.ts";
import type { Lock } from "#core/images/lock.ts";
import { allFiles, openFile } from "#core/models/files.ts";
import { readVersion, type Version } from "#core/models/version.ts";
import type { CardFacts } from "#core/packaging/card/card-facts.ts";
import { readCardOf } from "#core/packaging/card/front-matter.ts";
import { limitsOf } from "#core/packaging/deployment/limits.ts";
import type { PackageSpec } from "#core/packaging/package-spec.ts";
import type { Registry } from "#core/registry.ts";
import { packageReader } from "./package-reader.ts";

/** What is to be said of a sealed version, from its package, its image and the lock of that. By semver or tag. Throws
 *  `version_not_found`, `version_not_sealed`. */
export async function readModelCard(
  { db, blobs }: Pick<Registry, "db" | "blobs">,
  { model, version }: { model: string; version: string },
): Promise<CardFacts> {
  const found = await readVersion({ db }, model, version);
  if (found.sealedAt === null)
    throw new SlipwayError(
      "version_not_sealed",
      `${found.model}:${found.version} is a draft: its card is made of what is sealed`,
    );
  const { spec: kept, imageId } = await db.version.findUniqueOrThrow({
    where: { id: found.id },
    select: { spec: true, imageId: true },
  });
  const spec = kept as unknown as PackageSpec;
  const files = await allFiles(db, found.id);
  const card = await readCardOf(packageReader(files, (file, range) => openFile({ db, blobs }, file, range)));
  const sizeBytes = Number(found.sizeBytes);
  return {
    model: found.model,
    version: found.version,
    frontMatter: card?.frontMatter ?? {},
    readme: card?.body ?? null,
    description: found.description,
    format: spec.format,
    contentDigest: found.contentDigest ?? "",
    sizeBytes,
    fileCount: found.fileCount,
    signature: spec.signature,
    example: spec.example ?? null,
    resources: limitsOf(spec, sizeBytes),
    image: imageOf(found),
    lock: imageId === null ? null : await lockOf({ db }, imageId),
  };
}

function imageOf({ image }: Version): CardFacts["image"] {
  if (image === null) return null;
  const platforms = image.platforms.map(({ platform, sizeBytes }) => ({ platform, sizeBytes }));
  return { reference: `${image.repository}@${image.digest}`, platforms };
}

async function lockOf({ db }: Pick<Registry, "db">, imageId: string): Promise<CardFacts["lock"]> {
  const build = await db.build.findFirst({ where: { imageId }, select: { lock: true } });
  const lock = (build?.lock ?? null) as Lock | null;
  if (lock === null) return null;
  return {
    python: lock.python,
    base: { source: lock.base.source, digest: lock.base.digest },
    runtime: lock.runtime.version,
    requirements: lock.requirements.map(({ name, version, sha256 }) => ({ name, version, sha256 })),
  };
}
