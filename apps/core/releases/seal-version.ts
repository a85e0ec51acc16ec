import { recordAudit } from "#core/audit/record-audit.ts";
import { addBuild } from "#core/builds/build.ts";
import type { Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import { sourceJson, sourceOfDraft } from "#core/federation/source.ts";
import { forget, type Remember } from "#core/idempotency/keys.ts";
import { allFiles, openFile, type StoredFile } from "#core/models/files.ts";
import { checkLabels, checkMetadata } from "#core/models/labels.ts";
import { findDraft, readVersion, type Version } from "#core/models/version.ts";
import { contentDigest } from "#core/packaging/content-digest.ts";
import { type DescribedPackage, describePackage } from "#core/packaging/describe-package.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { requireVerified } from "#core/uploads/require-verified.ts";
import type { Prisma } from "#prisma/client/client.ts";
import { offersOf } from "./offers-of.ts";
import { packageReader } from "./package-reader.ts";

/** Inspects a draft, freezes it, and asks for its image. The package is read with no lock held; what was
 *  read is compared with what is frozen, so a file that changes meanwhile is inspected anew.
 *  Throws `package_invalid` with every reason, `files_verifying`; the draft then stays open. */
export async function sealVersion(
  { db, blobs, doorbell, config }: Pick<Registry, "db" | "blobs" | "doorbell" | "config">,
  { model, version }: { model: string; version: string },
  actor: Actor,
  remember: Remember<Version> = forget,
): Promise<Version> {
  for (let tries = 0; tries < 5; tries += 1) {
    await findDraft(db, model, version, "no lock");
    const draft = await readVersion({ db }, model, version);
    await requireVerified(db, draft.id);
    const files = await allFiles(db, draft.id);
    const described = await describePackage(
      packageReader(files, (file, range) => openFile({ db, blobs }, file, range)),
      {
        labels: draft.labels,
        metadata: draft.metadata,
      },
      await offersOf({ db, config }),
    );
    const sealed = await db.$transaction(async (tx) => {
      const { id } = await findDraft(tx, model, version);
      const now = await readVersion({ db: tx }, model, version);
      if (id !== draft.id) return null;
      await requireVerified(tx, id);
      const frozen = await allFiles(tx, id);
      if (!sameFiles(files, frozen) || JSON.stringify(now.labels) !== JSON.stringify(draft.labels)) return null;
      const workId = await freeze(tx, { versionId: id, model, version, files, described }, actor);
      const after = await readVersion({ db: tx }, model, version);
      await remember(tx, after);
      return { version: after, workId };
    });
    if (sealed !== null) {
      await doorbell.ring(sealed.workId);
      return sealed.version;
    }
  }
  throw new SlipwayError(
    "draft_busy",
    `${model}:${version} changed each time it was inspected: seal it when its uploads have ended`,
  );
}

function sameFiles(a: readonly StoredFile[], b: readonly StoredFile[]): boolean {
  return (
    a.length === b.length && a.every((file, index) => file.path === b[index]?.path && file.digest === b[index]?.digest)
  );
}

/** Freezes a draft and makes the row of its build. Returns the work to ring for. */
export async function freeze(
  tx: Transaction,
  {
    versionId,
    model,
    version,
    files,
    described,
  }: {
    versionId: string;
    model: string;
    version: string;
    files: readonly StoredFile[];
    described: DescribedPackage;
  },
  actor: Actor,
): Promise<string> {
  const { spec, labels, metadata, notes } = described;
  checkLabels(labels);
  checkMetadata(metadata);
  const digest = contentDigest(files, metadata);
  const source = await sourceOfDraft(tx, versionId, actor);
  await tx.version.update({
    where: { id: versionId },
    data: {
      contentDigest: digest,
      sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
      fileCount: files.length,
      format: spec.format,
      spec: spec as unknown as Prisma.InputJsonObject,
      labels,
      metadata: metadata as Prisma.InputJsonObject,
      source: sourceJson(source),
      sealedAt: new Date(),
    },
  });
  const { workId } = await addBuild(tx, { versionId, lock: null, notes }, actor);
  await recordAudit(tx, actor, {
    action: "version.seal",
    object: `${model}:${version}`,
    objectId: versionId,
    model,
    after: { contentDigest: digest, fileCount: files.length, format: spec.format },
  });
  return workId;
}
