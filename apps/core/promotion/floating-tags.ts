import type { Transaction } from "#core/database/client.ts";
import { partsOf, type Semver, semverKey } from "#core/models/semver.ts";
import { slipwayActor } from "#core/registry.ts";
import type { DueWork } from "#core/work/queue.ts";
import { Prisma } from "#prisma/client/client.ts";
import { type TagGoal, tagState, writeMove } from "./write-move.ts";

/** A tag that follows versions by rule, and which of them it may point at: in SQL, of version `v`. */
interface FloatingTag {
  tag: string;
  line: Prisma.Sql;
}

/** Moves every tag that follows versions by rule to where it belongs, after `version` came to be ready or ceased to be: the
 *  highest of its line that is ready. A release moves `1.2`, `1` and `latest`, of which a late patch of an old line is the
 *  highest of `1.1` alone; a pre-release moves the channel that its first word names, `latest-rc`. In the transaction of that
 *  change, which has locked the model's row; what it returns is rung for after it, or found by the reconciler. */
export async function followVersions(
  tx: Transaction,
  { modelId, model, version, why }: { modelId: string; model: string; version: string; why: string },
  requestId: string | null,
): Promise<DueWork[]> {
  const due: DueWork[] = [];
  for (const { tag, line } of floatingTagsOf(version as Semver)) {
    const { present } = await tagState(tx, { modelId, tag });
    const to = await highest(tx, modelId, line);
    if ((to?.versionId ?? null) === (present?.versionId ?? null)) continue;
    const move = { present, to, reason: `by rule: ${why}`, promotionId: null };
    due.push(...(await writeMove(tx, { modelId, model, tag }, move, slipwayActor(requestId))).due);
  }
  return due;
}

function floatingTagsOf(version: Semver): FloatingTag[] {
  const { numbers, pre } = partsOf(version);
  const [word] = pre.map((part) => part.toLowerCase());
  if (word !== undefined)
    return /^\d+$/.test(word)
      ? []
      : tagged(`latest-${word}`, Prisma.sql`lower(split_part(v.semver_key, '!', 2)) = ${`=${word}`}`);
  const [major, minor] = numbers;
  const key = semverKey(version);
  const minorEnd = key.lastIndexOf(".") + 1;
  const ofLine = (length: number) => Prisma.sql`v.semver_key LIKE ${`${key.slice(0, length)}%~`}`;
  return [
    ...tagged(`${major}.${minor}`, ofLine(minorEnd)),
    ...tagged(`${major}`, ofLine(key.indexOf(".") + 1)),
    ...tagged("latest", ofLine(0)),
  ];
}

/** The name is an OCI tag: a pre-release of 128 characters may be too long for one. */
function tagged(tag: string, line: Prisma.Sql): FloatingTag[] {
  return tag.length > 128 ? [] : [{ tag, line }];
}

async function highest(tx: Transaction, modelId: string, line: Prisma.Sql): Promise<TagGoal | null> {
  const [version] = await tx.$queryRaw<TagGoal[]>`
    SELECT v.id AS "versionId", v.semver AS version, i.digest AS "imageDigest"
    FROM versions v JOIN images i ON i.id = v.image_id
    WHERE v.model_id = ${modelId}::uuid AND i.status = 'present' AND v.archived_at IS NULL AND v.deleted_at IS NULL
      AND ${line}
    ORDER BY v.semver_key DESC LIMIT 1`;
  return version ?? null;
}
