import type { Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import { forget, type Remember } from "#core/idempotency/keys.ts";
import { storable } from "#core/models/labels.ts";
import { findModel } from "#core/models/model.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { type DueWork, ringAll } from "#core/work/queue.ts";
import { type Destination, findGoal } from "./find-goal.ts";
import { readTag, type Tag, tagNotFound } from "./read-tags.ts";
import type { TagName } from "./tag-name.ts";
import { type PresentTag, presentTag, type TagOfModel, writeMove } from "./write-move.ts";

/** What a caller demands of the tag as it is: a revision (`If-Match: "3"`), that it is there at all
 *  (`If-Match: *`), or that it is not (`If-None-Match: *`). */
export type TagCondition = { revision: readonly number[] } | "exists" | "absent" | null;

export interface Move {
  tag: TagName;
  to: Destination;
  condition: TagCondition;
}

export interface MovedTag {
  tag: Tag;
  /** It was not there before. */
  made: boolean;
}

/** Moves one tag; see `moveTags`. */
export async function moveTag(
  needs: Pick<Registry, "db" | "doorbell">,
  { model, reason, ...move }: Move & { model: string; reason: string },
  actor: Actor,
  remember: Remember<MovedTag> = forget,
): Promise<MovedTag> {
  const [moved] = await moveTags(needs, { model, reason, moves: [move] }, actor, (tx, [only]) =>
    remember(tx, only as MovedTag),
  );
  return moved as MovedTag;
}

/** Moves tags of a model in one transaction with their history and audit rows: all of them or none. Movers of one model's
 *  tags wait in line on its row. A tag that is there already stays as it is. Throws `version_not_ready`, `tag_moved`,
 *  `tag_taken`, and what `findGoal` throws. */
export async function moveTags(
  { db, doorbell }: Pick<Registry, "db" | "doorbell">,
  { model, reason, moves }: { model: string; reason: string; moves: readonly Move[] },
  actor: Actor,
  remember: Remember<MovedTag[]> = forget,
): Promise<MovedTag[]> {
  checkReason(reason);
  if (new Set(moves.map(({ tag }) => tag)).size < moves.length)
    throw new SlipwayError("invalid_request", "a tag is named twice: it can only be moved to one place");
  const due: DueWork[] = [];
  const moved = await db.$transaction(async (tx) => {
    const { id: modelId } = await findModel(tx, model, "for update");
    const moved: MovedTag[] = [];
    for (const { tag, to, condition } of moves) {
      const named = { modelId, model, tag };
      const present = await presentTag(tx, named);
      checkCondition(named, present, condition);
      const made = present === null || present.versionId === null;
      if (made) await requireNoLookAlike(tx, named);
      const goal = await findGoal(tx, named, present, to);
      const stays = present?.versionId === goal.versionId && present.imageDigest === goal.imageDigest;
      if (!stays) due.push(...(await writeMove(tx, named, { present, to: goal, reason }, actor)));
      moved.push({ tag: await readTag({ db: tx }, model, tag), made });
    }
    await remember(tx, moved);
    return moved;
  });
  await ringAll(doorbell, due);
  return moved;
}

/** Its revision goes on when it is made again. Throws `tag_not_found`, `tag_moved`. */
export async function removeTag(
  { db, doorbell }: Pick<Registry, "db" | "doorbell">,
  { model, tag, reason, condition }: { model: string; tag: TagName; reason: string; condition: TagCondition },
  actor: Actor,
): Promise<void> {
  checkReason(reason);
  const due = await db.$transaction(async (tx) => {
    const { id: modelId } = await findModel(tx, model, "for update");
    const named = { modelId, model, tag };
    const present = await presentTag(tx, named);
    checkCondition(named, present, condition);
    if (present === null || present.versionId === null) throw tagNotFound(model, tag);
    return writeMove(tx, named, { present, to: null, reason }, actor);
  });
  await ringAll(doorbell, due);
}

/** OCI tags that differ in case are two; whoever reads them takes them for one. Throws `tag_taken`. */
async function requireNoLookAlike(tx: Transaction, { modelId, model, tag }: TagOfModel): Promise<void> {
  const [alike] = await tx.$queryRaw<{ name: string }[]>`
    SELECT name FROM tags
    WHERE model_id = ${modelId}::uuid AND version_id IS NOT NULL AND lower(name) = lower(${tag}) AND name <> ${tag}
    LIMIT 1`;
  if (alike === undefined) return;
  throw new SlipwayError(
    "tag_taken",
    `${model} has the tag "${alike.name}", which differs from "${tag}" in case alone: move that one, or remove it first`,
  );
}

function checkCondition({ model, tag }: TagOfModel, present: PresentTag | null, condition: TagCondition): void {
  if (condition === null) return;
  const there = present !== null && present.versionId !== null;
  const holds =
    condition === "absent"
      ? !there
      : condition === "exists"
        ? there
        : there && condition.revision.includes(present.revision);
  if (holds) return;
  const state = there ? `at ${present.version}, revision ${present.revision}` : "not set";
  throw new SlipwayError("tag_moved", `${model}:${tag} is ${state}: read it again and decide anew`);
}

function checkReason(reason: string): void {
  if (!storable(reason)) throw new SlipwayError("invalid_request", "the reason is Unicode text without NUL characters");
}
