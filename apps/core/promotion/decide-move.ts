import type { Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import { holdModel } from "#core/policies/policies.ts";
import type { Policy } from "#core/policies/policy.ts";
import { type Outcome, outcomeOf, type Verdict } from "#core/policies/verdict.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { type Destination, findGoal } from "./find-goal.ts";
import { requireRegistry } from "./registry-away.ts";
import { requireCondition, type TagCondition } from "./tag-condition.ts";
import type { TagName } from "./tag-name.ts";
import { weigh } from "./weigh.ts";
import { type PresentTag, type TagGoal, type TagOfModel, type TagState, tagState } from "./write-move.ts";

/** Where one tag is to go. */
export interface Wish {
  tag: TagName;
  to: Destination;
  condition: TagCondition;
}

/** What is said of all wishes of a request. */
export interface Terms {
  reason: string;
  /** The signature may be another. */
  breaksSignature?: boolean;
  /** Not at once, but at that time at the earliest. */
  notBefore?: Date | null;
  /** A rollback: it takes the place of a promotion that waits. */
  isRollback?: boolean;
  /** No policy is asked. */
  forced?: boolean;
}

/** What is to become of a wish, as things stand. */
export interface Decision {
  named: TagOfModel;
  present: PresentTag | null;
  goal: TagGoal;
  made: boolean;
  /** The tag is there already. */
  stays: boolean;
  /** That waits for the tag. */
  waiting: TagState["waiting"];
  /** It is what is asked for. */
  repeats: boolean;
  policies: readonly Policy[];
  verdicts: Verdict[];
  outcome: Outcome;
}

/** Changes nothing. Throws `model_not_found`, `tag_moved`, `tag_taken`, `promotion_open` where something else waits, what `findGoal` throws, and `unavailable` as
 *  `requireRegistry` does. */
export async function decideMove(
  tx: Transaction,
  config: Registry["config"],
  { model, terms, wish: { tag, to, condition } }: { model: string; terms: Terms; wish: Wish },
  actor: Actor,
): Promise<Decision> {
  const named = { modelId: await holdModel(tx, model), model, tag };
  const { present, waiting } = await tagState(tx, named);
  requireCondition(named, present, condition);
  const made = present === null || present.versionId === null;
  if (made) await requireNoLookAlike(tx, named);
  const goal = await findGoal(tx, named, present, to);
  const stays = present?.versionId === goal.versionId && present.imageDigest === goal.imageDigest;
  const repeats = waiting !== null && isThatOne(waiting, goal, terms);
  const decision = { named, present, goal, made, stays, waiting, repeats };
  if (!stays && waiting !== null && !repeats && terms.isRollback !== true) throw promotionOpen(named, waiting);
  if (stays || terms.forced === true) return { ...decision, policies: [], verdicts: [], outcome: "moves" };
  await requireRegistry(tx, config, goal.versionId);
  const { breaksSignature = false, notBefore = null } = terms;
  const asked = { requestedBy: actor.name, approvals: [], breaksSignature, notBefore };
  const { policies, verdicts } = await weigh(tx, { named, present, goal, ...asked });
  return { ...decision, policies, verdicts, outcome: outcomeOf(verdicts) };
}

/** Whether what is asked for is what waits already. */
function isThatOne(waiting: NonNullable<TagState["waiting"]>, goal: TagGoal, terms: Terms): boolean {
  const { breaksSignature = false, notBefore = null } = terms;
  return (
    waiting.versionId === goal.versionId &&
    waiting.imageDigest === goal.imageDigest &&
    waiting.breaksSignature === breaksSignature &&
    waiting.notBeforeMs === (notBefore?.getTime() ?? null)
  );
}

function promotionOpen({ model, tag }: TagOfModel, waiting: { id: string; version: string }): SlipwayError {
  return new SlipwayError(
    "promotion_open",
    `${model}:${tag} waits to move to ${waiting.version} (promotion ${waiting.id}): let that end, or cancel it first`,
  );
}

/** Throws `invalid_request`, and `tag_taken` where two differ in case alone. */
export function requireEachOnce(model: string, wishes: readonly Wish[]): void {
  const named = new Map<string, string>();
  for (const { tag } of wishes) {
    const alike = named.get(tag.toLowerCase());
    if (alike === tag)
      throw new SlipwayError("invalid_request", "a tag is named twice: it can only be moved to one place");
    if (alike !== undefined) throw tagTaken(model, alike, tag);
    named.set(tag.toLowerCase(), tag);
  }
}

/** OCI tags that differ in case are two; whoever reads them takes them for one. Throws `tag_taken`. */
export async function requireNoLookAlike(tx: Transaction, { modelId, model, tag }: TagOfModel): Promise<void> {
  const [alike] = await tx.$queryRaw<{ name: string }[]>`
    SELECT name FROM tags
    WHERE model_id = ${modelId}::uuid AND version_id IS NOT NULL AND lower(name) = lower(${tag}) AND name <> ${tag}
    LIMIT 1`;
  if (alike !== undefined) throw tagTaken(model, alike.name, tag);
}

function tagTaken(model: string, alike: string, tag: string): SlipwayError {
  return new SlipwayError(
    "tag_taken",
    `${model} has the tag "${alike}", which differs from "${tag}" in case alone: move that one, or remove it first`,
  );
}
