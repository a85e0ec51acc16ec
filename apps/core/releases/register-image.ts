import { recordAudit } from "#core/audit/record-audit.ts";
import { addBuild, type Build, readBuild, requireNoOpenBuild, requireNoRemoval } from "#core/builds/build.ts";
import { type ExternalSource, referenceOf } from "#core/builds/external-source.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import { sourceJson, sourceOfDraft } from "#core/federation/source.ts";
import { forget, type Remember } from "#core/idempotency/keys.ts";
import { isAt, readRegistries } from "#core/images/registries/registry-record.ts";
import { findVersion, type VersionRow } from "#core/models/version.ts";
import type { Actor, Registry } from "#core/registry.ts";

/** Takes an image that was built elsewhere for a version, and has a worker verify it. A draft with no files is sealed by
 *  this, in the same transaction; its content digest is then the image's. `requireToSeal` throws where the caller may not
 *  do that. Throws `image_unknown_host`, `version_not_sealed` (a draft with files), `image_differs`, `build_running`,
 *  `image_removing`. */
export async function registerImage(
  { db, config, doorbell }: Pick<Registry, "db" | "config" | "doorbell">,
  { model, version, external: given }: { model: string; version: string; external: ExternalSource },
  { actor, requireToSeal }: { actor: Actor; requireToSeal: () => void },
  remember: Remember<Build> = forget,
): Promise<Build> {
  const external = { ...given, host: await knownHost({ db, config }, given.host) };
  const object = `${model}:${version}`;
  const { build, workId } = await db.$transaction(async (tx) => {
    const row = await findVersion(tx, model, version, "for update");
    if (row.archivedAt !== null)
      throw new SlipwayError("version_archived", `${object} is archived and is not built again`);
    if (row.sealedAt === null) {
      requireToSeal();
      await sealEmpty(tx, row, external, actor);
    } else await requireSame(tx, row, external);
    await requireNoOpenBuild(tx, { versionId: row.id, object });
    await requireNoRemoval(tx, { versionId: row.id, object });
    const { buildId, workId } = await addBuild(tx, { versionId: row.id, lock: null, external }, actor);
    const { source, serve } = external;
    await recordAudit(tx, actor, {
      action: "build.create",
      object,
      objectId: buildId,
      model,
      after: { image: referenceOf(external), source, serve },
    });
    const build = await readBuild({ db: tx }, buildId);
    await remember(tx, build);
    return { build, workId };
  });
  await doorbell.ring(workId);
  return build;
}

/** The host as its registry spells it: no host is called that an administrator has not named. */
async function knownHost(needs: { db: Database; config: Registry["config"] }, host: string): Promise<string> {
  const known = (await readRegistries(needs)).find((registry) => isAt(registry, host));
  if (known !== undefined) return known.host;
  throw new SlipwayError(
    "image_unknown_host",
    `no registry of this Slipway is at "${host.slice(0, 255)}": have an administrator add it, or push the image to one that is known`,
  );
}

async function sealEmpty(tx: Transaction, row: VersionRow, external: ExternalSource, actor: Actor): Promise<void> {
  const { id, model, version } = row;
  const files = await tx.versionFile.count({ where: { versionId: id } });
  const uploads = await tx.upload.count({ where: { versionId: id, state: { in: ["open", "verifying"] } } });
  if (files + uploads > 0)
    throw new SlipwayError(
      "version_not_sealed",
      `${model}:${version} is a draft with files: seal it first, or give the image to a draft that has none`,
    );
  const source = sourceJson(await sourceOfDraft(tx, id, actor));
  await tx.version.update({ where: { id }, data: { contentDigest: external.digest, source, sealedAt: new Date() } });
  await recordAudit(tx, actor, {
    action: "version.seal",
    object: `${model}:${version}`,
    objectId: id,
    model,
    after: { contentDigest: external.digest, fileCount: 0, format: null },
  });
}

/** Of a version without files the image is all that was sealed. */
async function requireSame(
  tx: Transaction,
  { id, model, version }: VersionRow,
  external: ExternalSource,
): Promise<void> {
  const { fileCount, contentDigest } = await tx.version.findUniqueOrThrow({ where: { id } });
  if (fileCount > 0 || contentDigest === external.digest) return;
  throw new SlipwayError(
    "image_differs",
    `${model}:${version} was sealed as the image ${contentDigest}: another image is another version`,
  );
}
