import { recordAudit } from "#core/audit/record-audit.ts";
import { violatedConstraint } from "#core/database/faults.ts";
import { SlipwayError } from "#core/errors.ts";
import { holdRenamedToQuotas } from "#core/quotas/hold-to-quotas.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { modelExists } from "./create-model.ts";
import { checkLabels, type Labels } from "./labels.ts";
import { findModel, type Model, readModel } from "./model.ts";
import type { ModelName } from "./model-name.ts";

export interface ModelChanges {
  /** A new name; id, history and repository stay. */
  name?: ModelName | undefined;
  title?: string | undefined;
  description?: string | undefined;
  /** Replaces all labels. */
  labels?: Labels | undefined;
}

/** Throws `model_not_found`, `model_exists`, `quota_exceeded`. */
export async function updateModel(
  { db }: Pick<Registry, "db">,
  name: string,
  changes: ModelChanges,
  actor: Actor,
): Promise<Model> {
  if (changes.labels !== undefined) checkLabels(changes.labels);
  const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  try {
    return await db.$transaction(async (tx) => {
      const { id } = await findModel(tx, name, "for update");
      const before = await readModel({ db: tx }, name);
      await tx.model.update({ where: { id }, data: given });
      if (changes.name !== undefined && changes.name !== name) await holdRenamedToQuotas(tx, id, name);
      const after = await readModel({ db: tx }, changes.name ?? name);
      await recordAudit(tx, actor, {
        action: "model.update",
        object: name,
        objectId: id,
        model: name,
        before: described(before),
        after: described(after),
      });
      return after;
    });
  } catch (error) {
    throw violatedConstraint(error) === "models_living_name_key" ? modelExists(changes.name ?? name, error) : error;
  }
}

function described({ name, title, description, labels }: Model) {
  return { name, title, description, labels };
}

/** Its name is free again; versions, images and history stay on record. Throws `model_not_found`, and
 *  `model_in_use` while a tag points at a version of it or an image of it is being made. */
export async function deleteModel({ db }: Pick<Registry, "db">, name: string, actor: Actor): Promise<void> {
  await db.$transaction(async (tx) => {
    const { id } = await findModel(tx, name, "for update");
    const before = await readModel({ db: tx }, name);
    const tags = Object.keys(before.tags);
    if (tags.length > 0)
      throw new SlipwayError(
        "model_in_use",
        `${name} is in use: remove ${tags.length === 1 ? "its tag" : "its tags"} ${tags.join(", ")} first`,
      );
    const open = await tx.build.findFirst({
      where: { version: { modelId: id }, status: { in: ["queued", "running", "waiting"] } },
      select: { id: true },
    });
    if (open !== null)
      throw new SlipwayError(
        "model_in_use",
        `an image of ${name} is being made (build ${open.id}): wait for it or cancel it first`,
      );
    await tx.model.update({ where: { id }, data: { deletedAt: new Date() } });
    await recordAudit(tx, actor, {
      action: "model.delete",
      object: name,
      objectId: id,
      model: name,
      before: described(before),
    });
  });
}
