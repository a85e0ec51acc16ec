import type { Transaction } from "#core/database/client.ts";
import { type GivenApproval, judge, type Soak } from "#core/policies/judge.ts";
import { policiesFor } from "#core/policies/policies.ts";
import type { Policy } from "#core/policies/policy.ts";
import type { Verdict } from "#core/policies/verdict.ts";
import { readFacts, type VersionFacts } from "#core/policies/version-facts.ts";
import type { PresentTag, TagGoal, TagOfModel } from "./write-move.ts";

/** A move that somebody has asked for. */
export interface Proposal {
  named: TagOfModel;
  present: PresentTag | null;
  goal: TagGoal;
  requestedBy: string;
  breaksSignature: boolean;
  notBefore: Date | null;
  approvals: readonly GivenApproval[];
}

export interface Weighed {
  policies: readonly Policy[];
  verdicts: Verdict[];
}

/** Holds a move against all policies of its tag, by what is known at this moment. The model's row is locked. */
export async function weigh(tx: Transaction, proposal: Proposal): Promise<Weighed> {
  const { named, present, goal, notBefore } = proposal;
  const policies = await policiesFor(tx, named);
  if (policies.length === 0 && notBefore === null) return { policies, verdicts: [] };
  const holderId = present === null ? null : (present.versionId ?? (await lastHolder(tx, named)));
  const facts = await readFacts(tx, [goal.versionId, ...(holderId === null ? [] : [holderId])]);
  const verdicts = judge({
    policies,
    candidate: facts.get(goal.versionId) as VersionFacts,
    holder: holderId === null ? null : (facts.get(holderId) ?? null),
    requestedBy: proposal.requestedBy,
    approvals: proposal.approvals,
    soaks: await readSoaks(tx, policies, proposal),
    breaksSignature: proposal.breaksSignature,
    notBefore,
    now: new Date(),
  });
  return { policies, verdicts };
}

/** Of a tag that was removed, the version that had it last: to remove it is no way round a rule. */
async function lastHolder(tx: Transaction, { modelId, tag }: TagOfModel): Promise<string | null> {
  const [last] = await tx.$queryRaw<{ id: string }[]>`
    SELECT v.id FROM tag_moves t JOIN versions v ON v.model_id = t.model_id AND v.semver = t.to_version
    WHERE t.model_id = ${modelId}::uuid AND t.tag = ${tag} ORDER BY t.revision DESC LIMIT 1`;
  return last?.id ?? null;
}

/** By the history of the tags that policies name. */
async function readSoaks(
  tx: Transaction,
  policies: readonly Policy[],
  { named: { modelId }, goal }: Proposal,
): Promise<Map<string, Soak>> {
  const tags = policies.flatMap(({ rules: { soak } }) => (soak === null ? [] : [soak.tag]));
  if (tags.length === 0) return new Map();
  const rows = await tx.$queryRaw<({ tag: string } & Soak)[]>`
    SELECT tag, max(extract(epoch FROM coalesce(left_at, now()) - moved_at) * 1000)::float8 AS "longestMs",
           max(moved_at) FILTER (WHERE left_at IS NULL) AS since
    FROM (SELECT tag, to_version, image_digest, moved_at, lead(moved_at) OVER (PARTITION BY tag ORDER BY revision) AS left_at
          FROM tag_moves WHERE model_id = ${modelId}::uuid AND tag = ANY (${tags})) stretches
    WHERE to_version = ${goal.version} AND image_digest = ${goal.imageDigest} GROUP BY tag`;
  return new Map(rows.map(({ tag, ...soak }) => [tag, soak]));
}
