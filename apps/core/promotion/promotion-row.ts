import { recordAudit } from "#core/audit/record-audit.ts";
import type { Transaction } from "#core/database/client.ts";
import { newId } from "#core/database/ids.ts";
import type { Policy } from "#core/policies/policy.ts";
import type { Verdict } from "#core/policies/verdict.ts";
import type { Actor } from "#core/registry.ts";
import { addWork } from "#core/work/work.ts";
import { promotionWork } from "./promotion.ts";
import type { PresentTag, TagGoal, TagOfModel } from "./write-move.ts";

export interface NewPromotion {
  named: TagOfModel;
  present: PresentTag | null;
  goal: TagGoal;
  reason: string;
  verdicts: readonly Verdict[];
  breaksSignature: boolean;
  forced: boolean;
  rollback: boolean;
  notBefore: Date | null;
}

/** How long a promotion waits that is put off, under no policy. */
const waitHours = 168;
/** Whatever nobody rang for is seen after so long. */
const longestPauseMs = 60_000;
/** By this clock it may be time, and by the database's not yet. */
const shortestPauseMs = 500;

/** One that moves its tag in this transaction. */
export async function insertMoved(tx: Transaction, promotion: NewPromotion, actor: Actor): Promise<string> {
  const revision = (promotion.present?.revision ?? 0) + 1;
  return insert(tx, promotion, actor, { status: "moved", revision, endedAt: new Date() });
}

/** One that the policies refuse. */
export async function insertRefused(tx: Transaction, promotion: NewPromotion, actor: Actor): Promise<string> {
  const { named, goal, verdicts } = promotion;
  const explanation = refusalOf(verdicts);
  const ended = { endedAt: new Date(), endedBy: actor.name, explanation };
  const id = await insert(tx, promotion, actor, { status: "refused", ...ended });
  await recordAudit(tx, actor, {
    action: "promotion.refuse",
    ...audited(named, id),
    after: { version: goal.version, imageDigest: goal.imageDigest, why: explanation },
  });
  return id;
}

/** One that waits, with the work that looks at it again. */
export async function insertWaiting(
  tx: Transaction,
  promotion: NewPromotion,
  policies: readonly Policy[],
  actor: Actor,
): Promise<string> {
  const { named, goal, verdicts, notBefore } = promotion;
  const hours = Math.min(
    ...policies.map(({ rules }) => rules.waitHours),
    ...(policies.length === 0 ? [waitHours] : []),
  );
  const waitsUntil = new Date(Math.max(Date.now(), notBefore?.getTime() ?? 0) + hours * 3_600_000);
  const id = await insert(tx, promotion, actor, { status: "waiting", waitsUntil });
  const workId = await addWork(tx, { kind: promotionWork, subjectId: id, requestId: actor.requestId });
  const runAfter = new Date(Date.now() + pauseMs(verdicts, waitsUntil));
  await tx.work.update({ where: { id: workId }, data: { runAfter } });
  await recordAudit(tx, actor, {
    action: "promotion.wait",
    ...audited(named, id),
    after: { version: goal.version, imageDigest: goal.imageDigest, waitsFor: waitsFor(verdicts) },
  });
  return id;
}

/** Until a promotion that waits is looked at again without a ring. */
export function pauseMs(verdicts: readonly Verdict[], waitsUntil: Date): number {
  const times = verdicts.flatMap(({ status, holdsAt }) =>
    status === "waiting" && holdsAt !== null ? [Date.parse(holdsAt)] : [],
  );
  const next = Math.min(...times, waitsUntil.getTime()) - Date.now();
  return Math.max(shortestPauseMs, Math.min(next, longestPauseMs));
}

export type Ending = "refused" | "cancelled" | "failed";

const actionOf = { refused: "promotion.refuse", cancelled: "promotion.cancel", failed: "promotion.fail" } as const;

/** Ends one that waits without a move. */
export async function endPromotion(
  tx: Transaction,
  { id, named, version }: { id: string; named: TagOfModel; version: string },
  { status, explanation, verdicts }: { status: Ending; explanation: string; verdicts?: readonly Verdict[] },
  actor: Actor,
): Promise<void> {
  await tx.promotion.update({
    where: { id },
    data: {
      status,
      explanation,
      endedBy: actor.name,
      endedAt: new Date(),
      ...(verdicts === undefined ? {} : { verdicts: [...verdicts] as object[] }),
    },
  });
  await closeWorkOf(tx, id);
  await recordAudit(tx, actor, {
    action: actionOf[status],
    ...audited(named, id),
    before: { status: "waiting" },
    after: { version, why: explanation },
  });
}

/** Of a promotion that has ended. A worker that looks at it at the moment ends its work itself. */
export async function closeWorkOf(tx: Transaction, id: string): Promise<void> {
  await tx.work.updateMany({
    where: { kind: promotionWork, subjectId: id, state: { not: "running" } },
    data: { state: "done" },
  });
}

/** Why a move is refused, in one line. */
export function refusalOf(verdicts: readonly Verdict[]): string {
  const [first, ...others] = verdicts.filter(({ status }) => status === "failed").map(({ reason }) => reason);
  return `${first ?? "no rule holds it back"}${others.length === 0 ? "" : `, and ${others.length} more`}`
    .slice(0, 1_000)
    .toWellFormed();
}

/** The rules that it waits for, each once. */
export function waitsFor(verdicts: readonly Verdict[]): string[] {
  return [...new Set(verdicts.filter(({ status }) => status === "waiting").map(({ rule }) => rule))];
}

interface Stage {
  status: "moved" | "refused" | "waiting";
  revision?: number;
  waitsUntil?: Date;
  endedAt?: Date;
  endedBy?: string;
  explanation?: string;
}

async function insert(
  tx: Transaction,
  { named, present, goal, verdicts, ...rest }: NewPromotion,
  { name, requestId }: Actor,
  stage: Stage,
): Promise<string> {
  const id = newId();
  await tx.$executeRaw`
    INSERT INTO promotions (
      id, model_id, tag, version_id, version, image_digest, from_version, from_revision, reason, status, verdicts,
      breaks_signature, forced, rollback, not_before, waits_until, revision, explanation, ended_by, requested_at, requested_by, request_id,
      ended_at)
    VALUES (
      ${id}::uuid, ${named.modelId}::uuid, ${named.tag}, ${goal.versionId}::uuid, ${goal.version}, ${goal.imageDigest},
      ${present?.version ?? null}, ${present?.revision ?? 0}, ${rest.reason}, ${stage.status}, ${JSON.stringify(verdicts)}::jsonb,
      ${rest.breaksSignature}, ${rest.forced}, ${rest.rollback}, ${rest.notBefore}, ${stage.waitsUntil ?? null}, ${stage.revision ?? null},
      ${stage.explanation ?? null}, ${stage.endedBy ?? null}, ${new Date()}, ${name}, ${requestId}, ${stage.endedAt ?? null})`;
  return id;
}

function audited({ model, tag }: TagOfModel, id: string): { object: string; objectId: string; model: string } {
  return { object: `${model}:${tag}`, objectId: id, model };
}
