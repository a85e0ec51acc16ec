import { recordAudit } from "#core/audit/record-audit.ts";
import { addBuild, type Build, readBuild, requireNoOpenBuild, requireNoRemoval } from "#core/builds/build.ts";
import type { ExternalSource } from "#core/builds/external-source.ts";
import { SlipwayError } from "#core/errors.ts";
import { forget, type Remember } from "#core/idempotency/keys.ts";
import type { ImageLock } from "#core/images/lock.ts";
import { placeOf } from "#core/images/registries/image-place.ts";
import { isAt, readRegistries } from "#core/images/registries/registry-record.ts";
import { imageReference } from "#core/models/version.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { lockImage, type VersionImage } from "./image-row.ts";

/** Has the image of a version put back by a build: made again by the lock of its own one and pushed only if it is the same byte
 *  for byte; one that was built elsewhere is looked for where it was. Throws `image_not_found`, `image_present`,
 *  `version_archived`, `build_running`, `image_removing`, `image_unknown_host` where its registry is another now. */
export async function restoreImage(
  { db, config, doorbell }: Pick<Registry, "db" | "config" | "doorbell">,
  named: { model: string; version: string },
  actor: Actor,
  remember: Remember<Build> = forget,
): Promise<Build> {
  const object = `${named.model}:${named.version}`;
  const { build, workId } = await db.$transaction(async (tx) => {
    const { versionId, archivedAt, image } = await lockImage(tx, named);
    if (archivedAt !== null)
      throw new SlipwayError("version_archived", `${object} is archived: its image is not put back`);
    await requireNoRemoval(tx, { versionId, object });
    if (image.status === "present")
      throw new SlipwayError(
        "image_present",
        `the registry has the image of ${object}, as far as is known: ask it with POST …/versions/${named.version}/image/check`,
      );
    await requireNoOpenBuild(tx, { versionId, object });
    await requireRegistry({ db: tx, config }, image, object);
    // The first is its own: others were made after.
    const own = await tx.build.findFirstOrThrow({ where: { imageId: image.id }, orderBy: { createdAt: "asc" } });
    const external = own.external as ExternalSource | null;
    const { buildId, workId } = await addBuild(
      tx,
      {
        versionId,
        lock: own.lock as ImageLock | null,
        restoresId: image.id,
        ...(external === null
          ? {}
          : { external, notes: [`push ${imageReference(image)} again, where it is not there: it is looked for`] }),
      },
      actor,
    );
    await recordAudit(tx, actor, {
      action: "image.restore",
      object,
      objectId: image.id,
      model: named.model,
      before: { status: image.status },
      after: { build: buildId, image: imageReference(image) },
    });
    const build = await readBuild({ db: tx }, buildId);
    await remember(tx, build);
    return { build, workId };
  });
  await doorbell.ring(workId);
  return build;
}

/** It goes back to where it was, under the reference that others have. */
async function requireRegistry(
  needs: Parameters<typeof readRegistries>[0],
  image: VersionImage,
  object: string,
): Promise<void> {
  const { registry, host } = placeOf(image);
  const known = (await readRegistries(needs)).some((record) => record.name === registry && isAt(record, host));
  if (known) return;
  throw new SlipwayError(
    "image_unknown_host",
    `the image of ${object} was in the registry ${registry} at ${host}, which is not there any more: have an administrator set it again`,
  );
}
