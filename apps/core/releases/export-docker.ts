import { createHash } from "node:crypto";
import { type Digest, digestFrom } from "#core/artifacts/digest.ts";
import { SlipwayError } from "#core/errors.ts";
import { readVersion, type Version } from "#core/models/version.ts";
import type { Registry } from "#core/registry.ts";
import { dockerContext } from "./docker-context.ts";
import { archiveOf, type ExportedPackage, type GeneratedFile, type PackageFormat } from "./export-package.ts";
import { cardOf } from "./read-card.ts";

/** A version's files with all that builds its image by hand: `docker build .` and `docker compose up` make what serves the
 *  same predictions. The same bytes each time, until the version gets another image. By semver or tag. Throws
 *  `version_not_found`, `version_not_sealed`, `version_not_ready` where there is no lock to install by. */
export async function exportDocker(
  needs: Pick<Registry, "db" | "blobs" | "log">,
  { model, version, format }: { model: string; version: string; format: PackageFormat },
): Promise<ExportedPackage & { generatedDigest: Digest }> {
  const { db } = needs;
  const found = await readVersion({ db }, model, version);
  const { files, spec, card, lock } = await cardOf(needs, found);
  if (spec === null || (spec.build !== "dockerfile" && lock === null)) throw withoutLock(found);
  const generated = await dockerContext({ found, files, spec, card, lock });
  const archive = await archiveOf(needs, { files, generated, format });
  return {
    version: found.version,
    contentDigest: found.contentDigest as Digest | null,
    generatedDigest: digestOfFiles(generated),
    ...archive,
  };
}

function withoutLock({ model, version, image }: Version): SlipwayError {
  const why = image === null ? "it has no image yet: wait until it is ready" : "its image was not made here";
  return new SlipwayError(
    "version_not_ready",
    `${model}:${version} cannot be given out to build by hand: that installs by the lock of its image, and ${why}`,
  );
}

function digestOfFiles(files: readonly GeneratedFile[]): Digest {
  const hash = createHash("sha256");
  for (const { path, bytes, executable } of files)
    hash.update(`${path}\0${executable}\0${bytes.length}\0`).update(bytes);
  return digestFrom(hash);
}
