import { recordAudit } from "#core/audit/record-audit.ts";
import type { Transaction } from "#core/database/client.ts";
import { messageOf, SlipwayError } from "#core/errors.ts";
import { forget, type Remember } from "#core/idempotency/keys.ts";
import { checkImage, type ImageCheck } from "#core/images/check-image.ts";
import { placeOf } from "#core/images/registries/image-place.ts";
import { type Registries, RegistryMoved } from "#core/images/registries/open-registries.ts";
import { RegistryError } from "#core/images/registry-client/registry-error.ts";
import { imageReference } from "#core/models/version.ts";
import { redactor } from "#core/redact.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { lockManifest, readImage, setStatus, type VersionImage } from "./image-row.ts";

const limitMs = 25_000;

interface Needs extends Pick<Registry, "db" | "config"> {
  registries: Registries;
}

/** Asks the registry at once whether it has the whole image of a version, and notes what it says. Throws `image_not_found`,
 *  `image_removing`, `image_unknown_host` where its registry is another now, and `unavailable` where that could not be asked:
 *  then nothing is noted. */
export async function checkNow(
  needs: Needs,
  named: { model: string; version: string },
  actor: Actor,
  remember: Remember<VersionImage> = forget,
): Promise<VersionImage> {
  const image = await readImage(needs, named);
  if (image.status === "removing")
    throw new SlipwayError(
      "image_removing",
      `the image of ${named.model}:${named.version} is being removed: wait until it is`,
    );
  const limit = AbortSignal.timeout(limitMs);
  const check = await askRegistry(needs, image, limit).catch((error: unknown) => {
    if (error instanceof RegistryMoved) throw new SlipwayError("image_unknown_host", error.message, { cause: error });
    if (!(error instanceof RegistryError) && !limit.aborted) throw error;
    const reason = limit.aborted ? `not done within ${limitMs / 1_000} s` : redactor(needs.config)(messageOf(error));
    throw new SlipwayError("unavailable", `nobody knows whether the image is there: ${reason}`, { cause: error });
  });
  return needs.db.$transaction(async (tx) => {
    await recordCheck(tx, image, check, actor);
    const checked = await readImage({ db: tx }, named);
    await remember(tx, checked);
    return checked;
  });
}

/** Throws `RegistryError` where the registry is away, or is another now. */
export async function askRegistry(
  { config, registries }: Pick<Needs, "config" | "registries">,
  image: VersionImage,
  signal: AbortSignal,
): Promise<ImageCheck> {
  const { registry, host, path } = placeOf(image);
  const { client } = await registries.open(registry, host);
  const { missing, asked } = await checkImage(client, { repository: path, digest: image.digest }, signal);
  return { missing: missing === null ? null : redactor(config)(missing), asked };
}

/** Writes down what a registry said of an image, with an audit row where that is new. Of one that somebody has pushed, removed
 *  or asked for since it was read, nothing is written: what was said is of before. Says whether its status has changed. */
export async function recordCheck(
  tx: Transaction,
  image: VersionImage,
  { missing }: Pick<ImageCheck, "missing">,
  actor: Actor,
): Promise<boolean> {
  await lockManifest(tx, image);
  const now = await tx.image.findUniqueOrThrow({ where: { id: image.id } });
  if (now.status !== image.status || now.checkedAt.getTime() !== image.checkedAt.getTime()) return false;
  const { repository, digest } = image;
  await tx.$executeRaw`UPDATE images SET checked_at = now() WHERE repository = ${repository} AND digest = ${digest}`;
  // One that was removed is known to be away.
  const status = missing === null ? "present" : image.status === "removed" ? "removed" : "missing";
  if (status === image.status) return false;
  await setStatus(tx, image, { status, reason: missing });
  const { version } = await tx.build.findFirstOrThrow({
    where: { imageId: image.id },
    select: { version: { select: { semver: true, model: { select: { name: true } } } } },
  });
  await recordAudit(tx, actor, {
    action: missing === null ? "image.find" : "image.miss",
    object: `${version.model.name}:${version.semver}`,
    objectId: image.id,
    model: version.model.name,
    before: { status: image.status },
    after: { status, image: imageReference(image), ...(missing === null ? {} : { reason: missing }) },
  });
  return true;
}
