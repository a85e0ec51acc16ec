import { recordAudit } from "#core/audit/record-audit.ts";
import { violatedConstraint } from "#core/database/faults.ts";
import { modelExists } from "#core/models/create-model.ts";
import { checkLabels, type Labels } from "#core/models/labels.ts";
import { type Model, readModel } from "#core/models/model.ts";
import type { ModelName } from "#core/models/model-name.ts";
import { arePoliciesTheSame, holdModel } from "#core/policies/policies.ts";
import { holdRenamedToQuotas } from "#core/quotas/hold-to-quotas.ts";
import type { Actor, Registry } from "#core/registry.ts";

export interface ModelChanges {
  /** A new name; id, history and repository stay. */
  name?: ModelName | undefined;
  title?: string | undefined;
  description?: string | undefined;
  /** Replaces all labels. */
  labels?: Labels | undefined;
}

export interface ModelUpdate {
  model: string;
  changes: ModelChanges;
  /** Throws where the caller may not set policies: asked of a rename to a name that others hold for. */
  requireForPolicies(): void;
}

/** Throws `model_not_found`, `model_exists`, `quota_exceeded`, and what `requireForPolicies` throws. */
export async function updateModel(
  { db }: Pick<Registry, "db">,
  { model: name, changes, requireForPolicies }: ModelUpdate,
  actor: Actor,
): Promise<Model> {
  if (changes.labels !== undefined) checkLabels(changes.labels);
  const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  try {
    return await db.$transaction(async (tx) => {
      const id = await holdModel(tx, name);
      const before = await readModel({ db: tx }, name);
      await tx.model.update({ where: { id }, data: given });
      if (changes.name !== undefined && changes.name !== name) {
        await holdRenamedToQuotas(tx, id, name);
        if (!(await arePoliciesTheSame(tx, name, changes.name))) requireForPolicies();
      }
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
