import { recordAudit } from "#core/audit/record-audit.ts";
import { violatedConstraint } from "#core/database/faults.ts";
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
