import { recordAudit } from "#core/audit/record-audit.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { checkLabels, type Labels } from "./labels.ts";
import { findVersion, readVersion, type Version } from "./version.ts";

/** What stays open when all else of a version is sealed. */
export interface VersionChanges {
  description?: string | undefined;
  /** Replaces all labels. */
  labels?: Labels | undefined;
}

/** Throws `version_not_found`. */
export async function updateVersion(
  { db }: Pick<Registry, "db">,
  { model, version }: { model: string; version: string },
  changes: VersionChanges,
  actor: Actor,
): Promise<Version> {
  if (changes.labels !== undefined) checkLabels(changes.labels);
  const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  return db.$transaction(async (tx) => {
    const { id } = await findVersion(tx, model, version, "for update");
    const before = await readVersion({ db: tx }, model, version);
    await tx.version.update({ where: { id }, data: given });
    const after = await readVersion({ db: tx }, model, version);
    await recordAudit(tx, actor, {
      action: "version.update",
      object: `${model}:${version}`,
      objectId: id,
      model,
      before: described(before),
      after: described(after),
    });
    return after;
  });
}

function described({ description, labels }: Version) {
  return { description, labels };
}
