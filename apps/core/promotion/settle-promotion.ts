import { grantsNow } from "#core/access/grants-now.ts";
import { allows, type Grants } from "#core/access/roles.ts";
import type { Transaction } from "#core/database/client.ts";
import { isId } from "#core/database/ids.ts";
import { type ErrorCode, isSlipwayError } from "#core/errors.ts";
import type { Semver } from "#core/models/semver.ts";
import type { GivenApproval } from "#core/policies/judge.ts";
import { movesHoldPolicies } from "#core/policies/policies.ts";
import type { Policy } from "#core/policies/policy.ts";
import { outcomeOf, type Verdict } from "#core/policies/verdict.ts";
import { type Actor, type Registry, slipwayActor } from "#core/registry.ts";
import type { DueWork } from "#core/work/queue.ts";
import type { ApprovalModel, PromotionModel } from "#prisma/client/models.ts";
import { approvingRoles } from "./approving-roles.ts";
import { requireNoLookAlike } from "./decide-move.ts";
import { findGoal } from "./find-goal.ts";
import { closeWorkOf, type Ending, endPromotion, refusalOf, waitsFor } from "./promotion-row.ts";
import { heldBack, whyHeldBack } from "./registry-away.ts";
import { weigh } from "./weigh.ts";
import { type PresentTag, type TagGoal, type TagOfModel, tagState, writeMove } from "./write-move.ts";

export interface HeldPromotion {
  row: PromotionModel;
  named: TagOfModel;
  isModelThere: boolean;
}

/** Locks the model of a promotion and then looks at it anew, so that whoever works on it stands in line with all movers of its
 *  tags. Null where there is none. */
export async function holdPromotion(tx: Transaction, id: string): Promise<HeldPromotion | null> {
  if (!isId(id)) return null;
  const [model] = await tx.$queryRaw<{ id: string; name: string; isThere: boolean }[]>`
    SELECT m.*, ${movesHoldPolicies}::text
    FROM (SELECT id, name, deleted_at IS NULL AS "isThere" FROM models
          WHERE id = (SELECT model_id FROM promotions WHERE id = ${id}::uuid) FOR UPDATE) m`;
  if (model === undefined) return null;
  const row = await tx.promotion.findUniqueOrThrow({ where: { id } });
  return { row, named: { modelId: model.id, model: model.name, tag: row.tag }, isModelThere: model.isThere };
}

export type Settled =
  | { ended: true; due: DueWork[] }
  /** It waits on; `waitsUntil` is the end of that. */
  | { ended: false; verdicts: Verdict[]; waitsUntil: Date };

/** Looks whether a promotion that waits can move its tag by now, and moves it, ends it, or leaves it to wait. What it was asked
 *  for has to stand as it stood then: the tag where it was, the version's image the same, whoever asked still allowed to. */
export async function settlePromotion(
  tx: Transaction,
  config: Registry["config"],
  { row, named, isModelThere }: HeldPromotion,
): Promise<Settled> {
  const { id } = row;
  if (row.status !== "waiting") return { ended: true, due: [] };
  const waitsUntil = row.waitsUntil ?? row.requestedAt;
  const end = async (status: Ending, explanation: string, verdicts?: Verdict[]): Promise<Settled> => {
    await endPromotion(
      tx,
      { id, named, version: row.version },
      { status, explanation, ...(verdicts && { verdicts }) },
      slipwayActor(row.requestId),
    );
    return { ended: true, due: [] };
  };
  const object = `${named.model}:${named.tag}`;
  if (!isModelThere) return end("failed", `${named.model} was deleted`);
  const { present } = await tagState(tx, named);
  if ((present?.revision ?? 0) !== row.fromRevision)
    return end("failed", `${object} has moved since it was asked for, to ${present?.version ?? "nowhere"}: ask anew`);
  const goal = await goalNow(tx, named, present, row);
  if ("gone" in goal) return end("failed", goal.gone);
  if (goal.imageDigest !== row.imageDigest)
    return end(
      "refused",
      `the image of ${row.version} is ${goal.imageDigest}, and was ${row.imageDigest} when it was asked for`,
    );
  const given = await tx.approval.findMany({
    where: { promotionId: id },
    orderBy: [{ at: "asc" }, { approver: "asc" }],
  });
  const grantsOf = await grantsNow(tx, [row.requestedBy, ...given.map(({ approver }) => approver)]);
  const { model, tag } = named;
  if (!allows(grantsOf(row.requestedBy), { right: "promote", model, tag }))
    return end("refused", `${row.requestedBy}, who asked for it, may not move ${object} any more`);
  const { breaksSignature, notBefore, requestedBy } = row;
  const approvals = given.map((approval) => asOfNow(approval, grantsOf, model));
  const { policies, verdicts } = await weigh(tx, {
    named,
    present,
    goal,
    requestedBy,
    breaksSignature,
    notBefore,
    approvals,
  });
  const ended = endedPolicy(row, policies);
  if (ended !== null) return end("failed", `the policy ${ended}, under which it waited, was ended: ask anew`);
  const outcome = outcomeOf(verdicts);
  if (outcome === "refused") return end("refused", refusalOf(verdicts), verdicts);
  if (new Date() >= waitsUntil) {
    const waited = waitsFor(verdicts).join(", ");
    const missing = waited === "" ? "" : `, and these do not hold: ${waited}`;
    return end("failed", `it has waited until ${waitsUntil.toISOString()}${missing}`, verdicts);
  }
  const away = outcome === "waits" ? null : await whyHeldBack(tx, config, goal.versionId);
  if (outcome === "waits" || away !== null) {
    const found = away === null ? verdicts : [...verdicts, heldBack(away)];
    await tx.promotion.update({ where: { id }, data: { verdicts: found as unknown as object[] } });
    return { ended: false, verdicts: found, waitsUntil };
  }
  const actor: Actor = { name: requestedBy, requestId: row.requestId, address: null, tokenId: null };
  const move = { present, to: goal, reason: row.reason, promotionId: id, policies };
  const moved = await writeMove(tx, named, move, actor);
  await tx.promotion.update({
    where: { id },
    data: {
      status: "moved",
      revision: moved.revision,
      endedAt: new Date(),
      verdicts: verdicts as unknown as object[],
    },
  });
  await closeWorkOf(tx, id);
  return { ended: true, due: moved.due };
}

/** `models/tag` of a policy that it was held against before, and that holds no longer in any version: what waits for approval does
 *  not move because nobody asks for it any more. */
function endedPolicy({ verdicts }: PromotionModel, policies: readonly Policy[]): string | null {
  const hold = new Set(policies.map(({ models, tag }) => `${models}/${tag}`));
  const asked = (verdicts as unknown as Verdict[]).flatMap(({ policy }) =>
    policy === null ? [] : [`${policy.models}/${policy.tag}`],
  );
  return asked.find((scope) => !hold.has(scope)) ?? null;
}

/** With those of its roles that the approver still has. */
function asOfNow(
  { promotionId: _, decision, ...row }: ApprovalModel,
  grantsOf: (name: string) => Grants,
  model: string,
): GivenApproval {
  const now = approvingRoles(grantsOf(row.approver), model);
  const roles = row.roles.filter((role) => now.includes(role));
  return { ...row, roles, decision: decision as GivenApproval["decision"] };
}

/** What may have become of a goal or of its tag's name since it was asked for. */
const gone: ReadonlySet<ErrorCode> = new Set(["version_not_ready", "version_not_found", "tag_taken"]);

async function goalNow(
  tx: Transaction,
  named: TagOfModel,
  present: PresentTag | null,
  { version }: PromotionModel,
): Promise<TagGoal | { gone: string }> {
  try {
    if (present === null || present.versionId === null) await requireNoLookAlike(tx, named);
    return await findGoal(tx, named, null, { version: version as Semver });
  } catch (error) {
    if (isSlipwayError(error) && gone.has(error.code)) return { gone: error.message };
    throw error;
  }
}
