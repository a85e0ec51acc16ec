import { type Afterwards, commitIngested, dropIngested, keepIngested } from "#core/artifacts/blobs.ts";
import type { Digest } from "#core/artifacts/digest.ts";
import { forget, type Remember } from "#core/idempotency/keys.ts";
import { noteFileLayers } from "#core/images/layers/file-layers.ts";
import {
  checkVersion,
  insertVersion,
  type NewVersion,
  orVersionExists,
  versionExists,
} from "#core/models/create-version.ts";
import { largestFile, mostFiles } from "#core/models/file-limits.ts";
import { insertFiles } from "#core/models/file-rows.ts";
import { findModel } from "#core/models/model.ts";
import { semverKey } from "#core/models/semver.ts";
import { readVersion, type Version } from "#core/models/version.ts";
import { describePackage } from "#core/packaging/describe-package.ts";
import { bytesLeft, holdToQuotas, requireRoomForVersion } from "#core/quotas/hold-to-quotas.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { type Archive, ingestArchive } from "./ingest-archive.ts";
import { offersOf } from "./offers-of.ts";
import { packageReader } from "./package-reader.ts";
import { freeze } from "./seal-version.ts";

export interface UploadedVersion {
  version: Version;
  /** Of the archive as it came. */
  bodyDigest: Digest;
}

/** A whole version from one tar or tar.gz: its files are stored as they stream in, inspected, and then
 *  version, files, seal and build become visible in one transaction, and with them the rows of the bytes. Of an archive
 *  that is refused nothing stays; a crash leaves bytes without a row for the collector. The same call may be made
 *  again. Throws `archive_invalid`, `too_many_files`, `file_too_large`, `package_invalid`, `quota_exceeded`, `space_exceeded`, `store_full`. */
export async function uploadVersion(
  { db, blobs, doorbell, config }: Pick<Registry, "db" | "blobs" | "doorbell" | "config">,
  input: NewVersion &
    Omit<Archive, "limit" | "largest" | "most"> & { announcedBytes: number | null; afterwards: Afterwards },
  actor: Actor,
  remember: Remember<UploadedVersion> = forget,
): Promise<UploadedVersion> {
  const { model, version } = input;
  checkVersion(input);
  const { id: modelId } = await findModel(db, model);
  const taken = await db.version.count({ where: { modelId, semverKey: semverKey(version) } });
  if (taken > 0) throw versionExists(input);

  await requireRoomForVersion(db, modelId);
  const limit = await bytesLeft(db, modelId);
  const largest = await largestFile({ db, config }, modelId);
  const most = await mostFiles(db, modelId);
  const offers = await offersOf({ db, config });
  await blobs.requireRoom(input.announcedBytes ?? 0);
  const { files, bodyDigest } = await ingestArchive(blobs, { ...input, limit, largest, most });
  const described = await describePackage(
    packageReader(files, ({ key }, range) => blobs.open(key, range)),
    { labels: input.labels ?? {}, metadata: input.metadata ?? {} },
    offers,
  ).catch(async (error: unknown) => {
    await dropIngested(
      blobs,
      files.map(({ key }) => key),
    );
    throw error;
  });
  const { uploaded, workId } = await commitIngested(blobs, files, input.afterwards, () =>
    orVersionExists(input, () =>
      db.$transaction(async (tx) => {
        const { id } = await insertVersion(tx, input, actor);
        const needless = await keepIngested(tx, files);
        await insertFiles(tx, id, files);
        await noteFileLayers(tx, model, files);
        const workId = await freeze(tx, { versionId: id, model, version, files, described }, actor);
        const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
        await holdToQuotas(tx, modelId, { versions: 1, sizeBytes });
        const uploaded = { version: await readVersion({ db: tx }, model, version), bodyDigest };
        await remember(tx, uploaded);
        return { uploaded, workId, needless };
      }),
    ),
  );
  await doorbell.ring(workId);
  return uploaded;
}
