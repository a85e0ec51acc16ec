import { SlipwayError } from "#core/errors.ts";
import { requireStorable } from "#core/models/labels.ts";
import { holdModel, policiesFor } from "#core/policies/policies.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { ringAll } from "#core/work/queue.ts";
import { endPromotion } from "./promotion-row.ts";
import { tagNotFound } from "./read-tags.ts";
import { requireCondition, type TagCondition } from "./tag-condition.ts";
import type { TagName } from "./tag-name.ts";
import { tagState, writeMove } from "./write-move.ts";

export interface Removal {
  model: string;
  tag: TagName;
  reason: string;
  condition: TagCondition;
  /** Also where a policy holds for the tag; said with a reason. */
  forced: boolean;
}

/** Its revision goes on when it is made again; a promotion that waits for it fails. Throws `tag_not_found`, `tag_moved`,
 *  `tag_protected` where a policy holds for it. */
export async function removeTag(
  { db, doorbell }: Pick<Registry, "db" | "doorbell">,
  { model, tag, reason, condition, forced }: Removal,
  actor: Actor,
): Promise<void> {
  requireStorable("reason", reason);
  const due = await db.$transaction(async (tx) => {
    const named = { modelId: await holdModel(tx, model), model, tag };
    const { present, waiting } = await tagState(tx, named);
    requireCondition(named, present, condition);
    if (present === null || present.versionId === null) throw tagNotFound(model, tag);
    const [policy] = forced ? [] : await policiesFor(tx, named);
    if (policy !== undefined)
      throw new SlipwayError(
        "tag_protected",
        `${model}:${tag} is under the policy ${policy.models}/${policy.tag}, and is not removed but with force=true and a reason`,
      );
    const ending = { status: "failed", explanation: `${model}:${tag} was removed` } as const;
    if (waiting !== null) await endPromotion(tx, { ...waiting, named }, ending, actor);
    const moved = await writeMove(tx, named, { present, to: null, reason, promotionId: null, forced }, actor);
    return moved.due;
  });
  await ringAll(doorbell, due);
}
