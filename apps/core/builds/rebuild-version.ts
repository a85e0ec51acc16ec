import { recordAudit } from "#core/audit/record-audit.ts";
import { SlipwayError } from "#core/errors.ts";
import { forget, type Remember } from "#core/idempotency/keys.ts";
import type { ImageLock } from "#core/images/lock.ts";
import { findVersion } from "#core/models/version.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { addBuild, type Build, readBuild, requireNoOpenBuild, requireNoRemoval } from "./build.ts";

/** Makes the image of a sealed version again, by its own lock or a given one. What is ready stays as it is:
 *  version and tags keep their digest. Throws `version_not_sealed`, `image_differs` where there is nothing to build from,
 *  `build_running`, `image_removing`. */
export async function rebuildVersion(
  { db, doorbell }: Pick<Registry, "db" | "doorbell">,
  { model, version, lock }: { model: string; version: string; lock: ImageLock | null },
  actor: Actor,
  remember: Remember<Build> = forget,
): Promise<Build> {
  const { build, workId } = await db.$transaction(async (tx) => {
    const row = await findVersion(tx, model, version, "for update");
    if (row.sealedAt === null)
      throw new SlipwayError("version_not_sealed", `${model}:${version} is a draft: seal it, which builds it`);
    if (row.archivedAt !== null)
      throw new SlipwayError("version_archived", `${model}:${version} is archived and is not built again`);
    const { spec } = await tx.version.findUniqueOrThrow({ where: { id: row.id }, select: { spec: true } });
    if (spec === null)
      throw new SlipwayError(
        "image_differs",
        `the image of ${model}:${version} was built elsewhere, and there is nothing here to build it from: give the image`,
      );
    await requireNoOpenBuild(tx, { versionId: row.id, object: `${model}:${version}` });
    await requireNoRemoval(tx, { versionId: row.id, object: `${model}:${version}` });
    const { buildId, workId } = await addBuild(tx, { versionId: row.id, lock }, actor);
    await recordAudit(tx, actor, {
      action: "build.create",
      object: `${model}:${version}`,
      objectId: buildId,
      model,
      after: { givenLock: lock !== null },
    });
    const build = await readBuild({ db: tx }, buildId);
    await remember(tx, build);
    return { build, workId };
  });
  await doorbell.ring(workId);
  return build;
}
