import { recordAudit } from "#core/audit/record-audit.ts";
import type { Transaction } from "#core/database/client.ts";
import { violatedConstraint } from "#core/database/faults.ts";
import { newId } from "#core/database/ids.ts";
import { SlipwayError } from "#core/errors.ts";
import { forget, type Remember } from "#core/idempotency/keys.ts";
import { holdToQuotas } from "#core/quotas/hold-to-quotas.ts";
import type { Actor, Registry } from "#core/registry.ts";
import type { Prisma } from "#prisma/client/client.ts";
import { copyFiles } from "./copy-files.ts";
import { largestFile } from "./file-limits.ts";
import { checkLabels, checkMetadata, type Labels } from "./labels.ts";
import { modelNotFound } from "./model.ts";
import { type Semver, semverKey } from "./semver.ts";
import { readVersion, type Version } from "./version.ts";

export interface NewVersion {
  model: string;
  version: Semver;
  description?: string | undefined;
  labels?: Labels | undefined;
  metadata?: Record<string, unknown> | undefined;
}

/** A draft, open for files; `from` names a version of the model, by semver or tag, whose files it starts with: no bytes
 *  move, and nothing else is taken over. Throws `model_not_found`, `version_not_found`, `version_exists`,
 *  `files_verifying`, `quota_exceeded`, `space_exceeded`, and what the limits of files throw. */
export async function createVersion(
  { db, config }: Pick<Registry, "db" | "config">,
  input: NewVersion & { from?: string | undefined },
  actor: Actor,
  remember: Remember<Version> = forget,
): Promise<Version> {
  checkVersion(input);
  return orVersionExists(input, () =>
    db.$transaction(async (tx) => {
      const { model, from } = input;
      const source = from === undefined ? null : await readVersion({ db: tx }, model, from);
      const { id, modelId } = await insertVersion(tx, { ...input, from: source?.version }, actor);
      const largest = await largestFile({ db: tx, config }, modelId);
      const sizeBytes = source === null ? 0 : await copyFiles(tx, { source, versionId: id, largest });
      await holdToQuotas(tx, modelId, { versions: 1, sizeBytes });
      const version = await readVersion({ db: tx }, input.model, input.version);
      await remember(tx, version);
      return version;
    }),
  );
}

export function checkVersion({ labels, metadata }: Pick<NewVersion, "labels" | "metadata">): void {
  checkLabels(labels ?? {});
  checkMetadata(metadata ?? {});
}

/** The next number is taken with the model's row locked, and goes with the transaction if that fails. The caller holds
 *  what it has added to the quotas. */
export async function insertVersion(
  tx: Transaction,
  input: NewVersion & { from?: string | undefined },
  actor: Actor,
): Promise<{ id: string; modelId: string }> {
  const { model, version, description = "", labels = {}, metadata = {}, from } = input;
  const [owner] = await tx.$queryRaw<{ id: string; number: number }[]>`
    UPDATE models SET next_number = next_number + 1 WHERE name = ${model} AND deleted_at IS NULL
    RETURNING id, next_number - 1 AS number`;
  if (owner === undefined) throw modelNotFound(model);
  const id = newId();
  await tx.version.create({
    data: {
      id,
      modelId: owner.id,
      semver: version,
      semverKey: semverKey(version),
      number: owner.number,
      description,
      labels,
      metadata: metadata as Prisma.InputJsonObject,
      createdBy: actor.name,
    },
  });
  await recordAudit(tx, actor, {
    action: "version.create",
    object: `${model}:${version}`,
    objectId: id,
    model,
    after: { version, number: owner.number, description, labels, ...(from === undefined ? {} : { from }) },
  });
  return { id, modelId: owner.id };
}

export async function orVersionExists<T>(
  input: Pick<NewVersion, "model" | "version">,
  make: () => Promise<T>,
): Promise<T> {
  try {
    return await make();
  } catch (error) {
    throw violatedConstraint(error) === "versions_model_semver_key" ? versionExists(input, error) : error;
  }
}

export function versionExists(
  { model, version }: Pick<NewVersion, "model" | "version">,
  cause?: unknown,
): SlipwayError {
  return new SlipwayError(
    "version_exists",
    `${model}:${version} exists, or existed as a draft that was deleted: a version is never used twice, take the next one`,
    { cause },
  );
}
