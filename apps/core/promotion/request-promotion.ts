import type { Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import { forget, type Remember } from "#core/idempotency/keys.ts";
import { requireStorable } from "#core/models/labels.ts";
import type { Outcome, Verdict } from "#core/policies/verdict.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { type DueWork, ringAll } from "#core/work/queue.ts";
import { type Decision, decideMove, requireEachOnce, type Terms, type Wish } from "./decide-move.ts";
import { type Promotion, readPromotion } from "./promotion.ts";
import { endPromotion, insertMoved, insertRefused, insertWaiting, refusalOf } from "./promotion-row.ts";
import { readTag, type Tag } from "./read-tags.ts";
import { type TagGoal, type TagOfModel, writeMove } from "./write-move.ts";

export interface MovedTag {
  tag: Tag;
  /** It was not there before. */
  made: boolean;
}

type Needs = Pick<Registry, "db" | "doorbell" | "config">;

/** Moves one tag as `moveTags` does, or has it wait for what its policies ask for. */
export async function moveTag(
  needs: Needs,
  { model, terms, ...wish }: Wish & { model: string; terms: Terms },
  actor: Actor,
  remember: Remember<MovedTag | Promotion> = forget,
): Promise<MovedTag | Promotion> {
  const told = (tx: Transaction, { named, made, waits, promotionId }: Done) =>
    waits && promotionId !== null ? readPromotion({ db: tx }, promotionId) : tellTag(tx, named, made);
  const remembered = (tx: Transaction, [only]: (MovedTag | Promotion)[]) => remember(tx, only as MovedTag | Promotion);
  const [moved] = await carryOut(needs, { model, terms, wishes: [wish], told }, actor, remembered);
  return moved as MovedTag | Promotion;
}

/** Moves tags of a model in one transaction with their history, promotions, audit and events: all of them or none. Movers of one
 *  model's tags wait in line on its row. A tag that is there already stays as it is. Throws `promotion_refused`, which is
 *  kept as a promotion that was, `promotion_waits` where one of several would have to wait, `promotion_open`, `tag_moved`,
 *  `tag_taken`, and what `findGoal` throws. */
export async function moveTags(
  needs: Needs,
  { model, terms, wishes }: { model: string; terms: Terms; wishes: readonly Wish[] },
  actor: Actor,
  remember: Remember<MovedTag[]> = forget,
): Promise<MovedTag[]> {
  const told = (tx: Transaction, { named, made, waits }: Done) => {
    if (!waits) return tellTag(tx, named, made);
    throw new SlipwayError(
      "promotion_waits",
      `${named.model}:${named.tag} waits for its policies, and tags that are moved together move at once: move it by itself`,
    );
  };
  return carryOut(needs, { model, terms, wishes, told }, actor, remember);
}

/** The same for one tag, told as the promotion that it is. Throws `promotion_needless` where the tag is there already. */
export async function requestPromotion(
  needs: Needs,
  { model, terms, ...wish }: Wish & { model: string; terms: Terms },
  actor: Actor,
  remember: Remember<Promotion> = forget,
): Promise<Promotion> {
  const told = (tx: Transaction, { named, promotionId, goal }: Done) => {
    if (promotionId !== null) return readPromotion({ db: tx }, promotionId);
    throw new SlipwayError(
      "promotion_needless",
      `${named.model}:${named.tag} is at ${goal.version} already: there is nothing to promote`,
    );
  };
  const remembered = (tx: Transaction, [only]: Promotion[]) => remember(tx, only as Promotion);
  const [promotion] = await carryOut(needs, { model, terms, wishes: [wish], told }, actor, remembered);
  return promotion as Promotion;
}

/** What a request would come to at this moment. */
export interface Preview {
  model: string;
  tag: string;
  version: string;
  imageDigest: string;
  /** Where the tag is. */
  from: string | null;
  outcome: Outcome | "stays";
  verdicts: Verdict[];
}

/** Changes nothing. Throws what the request itself would, but `promotion_refused`. */
export async function previewPromotion(
  { db, config }: Pick<Registry, "db" | "config">,
  { model, terms, ...wish }: Wish & { model: string; terms: Terms },
  actor: Actor,
): Promise<Preview> {
  return db.$transaction(async (tx) => {
    const { named, present, goal, stays, outcome, verdicts } = await decideMove(
      tx,
      config,
      { model, terms, wish },
      actor,
    );
    const { version, imageDigest } = goal;
    const from = present?.version ?? null;
    return { model, tag: named.tag, version, imageDigest, from, outcome: stays ? "stays" : outcome, verdicts };
  });
}

/** What was done about a wish. */
interface Done {
  named: TagOfModel;
  goal: TagGoal;
  made: boolean;
  /** Null where the tag stays. */
  promotionId: string | null;
  waits: boolean;
}

async function carryOut<Told>(
  { db, doorbell, config }: Needs,
  {
    model,
    terms,
    wishes,
    told,
  }: { model: string; terms: Terms; wishes: readonly Wish[]; told: (tx: Transaction, done: Done) => Promise<Told> },
  actor: Actor,
  remember: Remember<Told[]>,
): Promise<Told[]> {
  requireStorable("reason", terms.reason);
  requireEachOnce(model, wishes);
  const due: DueWork[] = [];
  const result = await db.$transaction(async (tx) => {
    const decisions: Decision[] = [];
    for (const wish of wishes) decisions.push(await decideMove(tx, config, { model, terms, wish }, actor));
    const refused = decisions.filter(({ stays, outcome }) => !stays && outcome === "refused");
    for (const decision of refused) await insertRefused(tx, newPromotion(decision, terms), actor);
    if (refused.length > 0) return { refused };
    const answers: Told[] = [];
    for (const decision of decisions) answers.push(await told(tx, await act(tx, decision, terms, actor, due)));
    await remember(tx, answers);
    return { answers };
  });
  if ("refused" in result) throw promotionRefused(result.refused);
  await ringAll(doorbell, due);
  return result.answers;
}

async function act(tx: Transaction, decision: Decision, terms: Terms, actor: Actor, due: DueWork[]): Promise<Done> {
  const { named, present, goal, made, stays, waiting, repeats, policies, outcome } = decision;
  const done = { named, goal, made };
  if (waiting !== null && repeats && !stays && terms.forced !== true)
    return { ...done, promotionId: waiting.id, waits: true };
  if (waiting !== null && terms.isRollback === true) {
    const explanation = `a rollback of ${named.model}:${named.tag} to ${goal.version} took its place`;
    await endPromotion(tx, { ...waiting, named }, { status: "cancelled", explanation }, actor);
  }
  if (stays) return { ...done, promotionId: null, waits: false };
  if (outcome === "waits") {
    const id = await insertWaiting(tx, newPromotion(decision, terms), policies, actor);
    return { ...done, promotionId: id, waits: true };
  }
  const promotionId = await insertMoved(tx, newPromotion(decision, terms), actor);
  const { reason, forced = false } = terms;
  const moved = await writeMove(tx, named, { present, to: goal, reason, promotionId, policies, forced }, actor);
  due.push(...moved.due);
  return { ...done, promotionId, waits: false };
}

function newPromotion({ named, present, goal, verdicts }: Decision, terms: Terms) {
  const { reason, breaksSignature = false, forced = false, isRollback: rollback = false, notBefore = null } = terms;
  return { named, present, goal, verdicts, reason, breaksSignature, forced, rollback, notBefore };
}

async function tellTag(tx: Transaction, { model, tag }: TagOfModel, made: boolean): Promise<MovedTag> {
  return { tag: await readTag({ db: tx }, model, tag), made };
}

/** With each rule that does not hold. */
function promotionRefused(refused: readonly Decision[]): SlipwayError {
  const failed = refused.flatMap(({ named, verdicts }) =>
    verdicts
      .filter(({ status }) => status === "failed")
      .map(({ policy, rule, reason }) => ({
        where: `${named.tag}: policy ${policy?.models}/${policy?.tag} version ${policy?.version}, ${rule}`,
        message: reason,
      })),
  );
  const [first] = refused;
  const object = `${first?.named.model}:${first?.named.tag}`;
  return new SlipwayError(
    "promotion_refused",
    `${object} does not move to ${first?.goal.version}: ${refusalOf(first?.verdicts ?? [])}`,
    { faults: failed },
  );
}
