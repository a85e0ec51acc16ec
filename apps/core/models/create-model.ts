import { recordAudit } from "#core/audit/record-audit.ts";
import type { Transaction } from "#core/database/client.ts";
import { violatedConstraint } from "#core/database/faults.ts";
import { newId } from "#core/database/ids.ts";
import { SlipwayError } from "#core/errors.ts";
import { forget, type Remember } from "#core/idempotency/keys.ts";
import { holdToQuotas } from "#core/quotas/hold-to-quotas.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { checkLabels, type Labels } from "./labels.ts";
import { type Model, readModel } from "./model.ts";
import type { ModelName } from "./model-name.ts";

export interface NewModel {
  name: ModelName;
  title?: string | undefined;
  description?: string | undefined;
  labels?: Labels | undefined;
}

/** Throws `model_exists`, `quota_exceeded`. */
export async function createModel(
  { db }: Pick<Registry, "db">,
  input: NewModel,
  actor: Actor,
  remember: Remember<Model> = forget,
): Promise<Model> {
  const { name, title = "", description = "", labels = {} } = input;
  checkLabels(labels);
  try {
    return await db.$transaction(async (tx) => {
      const id = newId();
      const repository = await takeRepository(tx, name);
      await tx.model.create({ data: { id, name, repository, title, description, labels, createdBy: actor.name } });
      await recordAudit(tx, actor, {
        action: "model.create",
        object: name,
        objectId: id,
        model: name,
        after: { name, title, description, labels },
      });
      await holdToQuotas(tx, id, { models: 1 });
      const model = await readModel({ db: tx }, name);
      await remember(tx, model);
      return model;
    });
  } catch (error) {
    throw violatedConstraint(error) === "models_living_name_key" ? modelExists(name, error) : error;
  }
}

export function modelExists(name: string, cause: unknown): SlipwayError {
  return new SlipwayError(
    "model_exists",
    `there is a model "${name}" already: take another name, or add a version to it`,
    { cause },
  );
}

/** The first owner of a name has it as its repository, the next `name__2`: a published `churn:1.0.0` never
 *  changes its meaning. No model can be named so: names have no two "_" in a row. */
export async function takeRepository(tx: Transaction, name: ModelName): Promise<string> {
  const { uses } = await tx.modelName.upsert({
    where: { name },
    create: { name, uses: 1 },
    update: { uses: { increment: 1 } },
  });
  return uses === 1 ? name : `${name}__${uses}`;
}
