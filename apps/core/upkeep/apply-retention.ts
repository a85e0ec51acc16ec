import { openStatuses } from "#core/builds/build.ts";
import type { Transaction } from "#core/database/client.ts";
import { type Registry, slipwayActor } from "#core/registry.ts";
import type { Chore } from "#core/work/chores.ts";
import { beginRemoval } from "./begin-removal.ts";
import { indexOf, lockManifest, type VersionImage } from "./image-row.ts";
import { type Decision, planRetention } from "./retention-plan.ts";
import { closestRule, type RetentionRule, readRules } from "./retention-rules.ts";

type Needs = Pick<Registry, "db" | "doorbell" | "log">;

/** Images of one round, so that a rule that was set wrongly can be noticed. */
const roundLimit = 500;
const ofModelAtOnce = 50;

/** What rules do not keep, model by model, a few images in a transaction; also of models that were deleted, by their last names.
 *  Removal itself is work of its own: see run-removal.ts. A model whose marking fails holds up no other. Returns how many were
 *  marked. */
export async function applyRetention({ db, doorbell, log }: Needs, signal: AbortSignal): Promise<number> {
  const rules = await readRules(db);
  if (rules.length === 0) return 0;
  let left = roundLimit;
  for (const { id, name } of await db.model.findMany({ select: { id: true, name: true }, orderBy: { id: "asc" } })) {
    if (closestRule(rules, name) === null) continue;
    try {
      for (let marked = ofModelAtOnce; marked === ofModelAtOnce && left > 0; left -= marked) {
        signal.throwIfAborted();
        const workIds = await db.$transaction((tx) => markSome(tx, id, Math.min(left, ofModelAtOnce)));
        for (const workId of workIds) await doorbell.ring(workId);
        marked = workIds.length;
      }
    } catch (error) {
      signal.throwIfAborted();
      // Where the database is away the round ends here.
      await db.$queryRaw`SELECT 1`;
      log.error(
        { model: name, err: error },
        "a model's retention rule could not be gone by; tried again in the next round",
      );
    }
    if (left <= 0) break;
  }
  return roundLimit - left;
}

/** Decided anew under the locks of model and versions: no tag moves and no build begins before the marks are there. */
async function markSome(tx: Transaction, modelId: string, most: number): Promise<string[]> {
  const [model] = await tx.$queryRaw<{ name: string }[]>`
    SELECT name FROM models WHERE id = ${modelId}::uuid FOR UPDATE`;
  const rule = model === undefined ? null : closestRule(await readRules(tx), model.name);
  if (model === undefined || rule === null) return [];
  const going = (await planRetention(tx, modelId, rule)).filter(({ goes }) => goes).slice(-most);
  const versionIds = going.map(({ versionId }) => versionId);
  await tx.$queryRaw`SELECT 1 FROM versions WHERE id = ANY (${versionIds}::uuid[]) ORDER BY id FOR UPDATE`;
  const building = await tx.build.findMany({
    where: { versionId: { in: versionIds }, status: { in: [...openStatuses] } },
    select: { versionId: true },
  });
  const busy = new Set(building.map(({ versionId }) => versionId));
  const workIds: string[] = [];
  for (const decision of going)
    if (!busy.has(decision.versionId)) {
      const workId = await mark(tx, decision, { modelId, model: model.name, rule });
      if (workId !== null) workIds.push(workId);
    }
  return workIds;
}

/** Null where it is no more what was planned: another model's version has come to be the same image, or
 *  an index that lists it. */
async function mark(
  tx: Transaction,
  { id, version, why }: Decision,
  { modelId, model, rule }: { modelId: string; model: string; rule: RetentionRule },
): Promise<string | null> {
  const image = (await tx.image.findUniqueOrThrow({ where: { id } })) as unknown as VersionImage;
  await lockManifest(tx, image);
  const { repository, digest } = image;
  const others = await tx.image.count({
    where: { repository, digest, OR: [{ origin: "external" }, { status: { not: "present" } }] },
  });
  if (others > 0 || (await indexOf(tx, image)) !== null) return null;
  return beginRemoval(
    tx,
    { image, modelId, model, version, why: `the rule of ${rule.pattern}: ${why}` },
    slipwayActor(),
  );
}

export function retentionChore({ db, doorbell, config }: Pick<Registry, "db" | "doorbell" | "config">): Chore {
  return {
    kind: "retention",
    everyMs: config.images.retentionEveryMs,
    async run(_, signal, log) {
      const marked = await applyRetention({ db, doorbell, log }, signal);
      if (marked > 0) log.info({ marked }, "images that no rule keeps are being removed");
    },
  };
}
