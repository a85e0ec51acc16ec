import { SlipwayError } from "#core/errors.ts";
import { type ImageLock, type Lock, locksIn } from "#core/images/lock.ts";
import { allFiles, openFile, type StoredFile } from "#core/models/files.ts";
import { imageReference, readVersion, type Version } from "#core/models/version.ts";
import type { CardFacts } from "#core/packaging/card/card-facts.ts";
import { readCardOf } from "#core/packaging/card/front-matter.ts";
import { limitsOf } from "#core/packaging/deployment/limits.ts";
import type { PackageSpec } from "#core/packaging/package-spec.ts";
import type { Registry } from "#core/registry.ts";
import { packageReader } from "./package-reader.ts";

/** What is to be said of a sealed version, from its package, its image and the lock of that. By semver or tag. Throws
 *  `version_not_found`, `version_not_sealed`. */
export async function readModelCard(
  needs: Pick<Registry, "db" | "blobs">,
  { model, version }: { model: string; version: string },
): Promise<CardFacts> {
  return (await cardOf(needs, await readVersion(needs, model, version))).card;
}

/** The same, with what it was told from; `spec` is null of an image that came without a package. Throws `version_not_sealed`. */
export async function cardOf(
  { db, blobs }: Pick<Registry, "db" | "blobs">,
  found: Version,
): Promise<{ card: CardFacts; files: StoredFile[]; spec: PackageSpec | null; lock: Lock | null }> {
  if (found.sealedAt === null)
    throw new SlipwayError(
      "version_not_sealed",
      `${found.model}:${found.version} is a draft: seal it first, since what is made of it is made of what is sealed`,
    );
  const { spec: kept, imageId } = await db.version.findUniqueOrThrow({
    where: { id: found.id },
    select: { spec: true, imageId: true },
  });
  const spec = kept as unknown as PackageSpec | null;
  const files = await allFiles(db, found.id);
  const written = await readCardOf(packageReader(files, (file, range) => openFile({ db, blobs }, file, range)));
  const lock = imageId === null ? null : await lockOf({ db }, imageId);
  const sizeBytes = Number(found.sizeBytes);
  const card: CardFacts = {
    model: found.model,
    version: found.version,
    frontMatter: written?.frontMatter ?? {},
    readme: written?.body ?? null,
    description: found.description,
    format: spec?.format ?? null,
    contentDigest: found.contentDigest ?? "",
    sizeBytes,
    fileCount: found.fileCount,
    signature: spec?.signature ?? null,
    example: spec?.example ?? null,
    resources: limitsOf(spec ?? {}, sizeBytes),
    image: imageOf(found),
    proof: proofOf(found),
    lock: lock === null ? null : shownLock(lock),
  };
  return { card, files, spec, lock };
}

function imageOf({ image }: Version): CardFacts["image"] {
  if (image === null) return null;
  const platforms = image.platforms.map(({ platform, sizeBytes }) => ({ platform, sizeBytes }));
  return { reference: imageReference(image), platforms };
}

/** Its log is for whoever mends the model; see proofs/proof.ts. */
function proofOf({ proof }: Version): CardFacts["proof"] {
  if (proof === null) return null;
  const { log: _, tests: __, ...shown } = proof;
  return shown;
}

/** Of an image for several platforms that of the first, as what is built by hand is built for one. */
async function lockOf({ db }: Pick<Registry, "db">, imageId: string): Promise<Lock | null> {
  const build = await db.build.findFirst({ where: { imageId }, select: { lock: true } });
  const lock = (build?.lock ?? null) as ImageLock | null;
  return lock === null ? null : (locksIn(lock)[0] ?? null);
}

function shownLock({ python, base, runtime, requirements }: Lock): CardFacts["lock"] {
  return {
    python,
    base: { source: base.source, digest: base.digest },
    runtime: runtime.version,
    requirements: requirements.map(({ name, version, sha256 }) => ({ name, version, sha256 })),
  };
}
