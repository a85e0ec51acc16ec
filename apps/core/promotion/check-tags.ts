import { setTimeout as sleep } from "node:timers/promises";
import { recordAudit } from "#core/audit/record-audit.ts";
import type { Transaction } from "#core/database/client.ts";
import { messageOf } from "#core/errors.ts";
import type { Registries } from "#core/images/registries/open-registries.ts";
import type { Logger } from "#core/logger.ts";
import { lockModel } from "#core/models/model.ts";
import { redactor } from "#core/redact.ts";
import { type Registry, slipwayActor } from "#core/registry.ts";
import type { Chore } from "#core/work/chores.ts";
import { type DueWork, ringAll } from "#core/work/queue.ts";
import { requestSyncs } from "./request-sync.ts";
import { askForTag, readSync, selectSyncs, type TagSync, tagReference } from "./tag-sync.ts";

interface Needs extends Pick<Registry, "db" | "config" | "doorbell"> {
  registries: Registries;
}

const atOnce = 100;
/** Between two questions, from all workers together: one of them has the chore. */
const pauseMs = 50;
const answerMs = 10_000;

/** Looks for tags that somebody has moved or removed in a registry by hand. They are set right, or only reported, as the operator
 *  has it. A tag that could not be asked for is left until the next round. */
export function checkTagsChore(needs: Needs): Chore {
  return {
    kind: "check-tags",
    everyMs: needs.config.tags.checkMs,
    async run(_, signal, log) {
      const before = new Date();
      let [checked, drifted] = [0, 0];
      for (let page = await due(needs, before); page.length > 0; page = await due(needs, before))
        for (const sync of page) {
          const found = await checkOne(needs, sync, { signal, log });
          if (found !== null) checked += 1;
          if (found === "drifted") drifted += 1;
          await sleep(pauseMs, undefined, { signal });
        }
      log.info({ checked, drifted }, "tags were looked for in their registries");
    },
  };
}

/** The longest unasked first. What a worker is bringing there at the moment is left to it, and so is what a registry keeps of a
 *  tag that was removed. */
async function due({ db }: Needs, before: Date): Promise<TagSync[]> {
  return db.$queryRaw<TagSync[]>`
    ${selectSyncs} WHERE s.status <> 'pending' AND s.checked_at < ${before} AND t.version_id IS NOT NULL
    ORDER BY s.checked_at, s.id LIMIT ${atOnce}`;
}

/** Null where the registry could not be asked. */
async function checkOne(
  needs: Needs,
  sync: TagSync,
  { signal, log }: { signal: AbortSignal; log: Logger },
): Promise<"in place" | "drifted" | null> {
  await needs.db.$executeRaw`UPDATE tag_syncs SET checked_at = now() WHERE id = ${sync.id}::uuid`;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(answerMs)]);
  const tag = tagReference(sync);
  try {
    const { digest } = await askForTag(needs.registries, sync, limit);
    const repairing = await needs.db.$transaction((tx) => recordFound(tx, needs, sync, digest));
    if (repairing === null) return "in place";
    log.error({ tag, found: digest, wanted: sync.digest }, "a tag was moved in its registry by others");
    await ringAll(needs.doorbell, repairing);
    return "drifted";
  } catch (error) {
    if (signal.aborted) throw error;
    log.warn({ tag, error: redactor(needs.config)(messageOf(error)) }, "a registry could not be asked for a tag");
    return null;
  }
}

/** Null where there is nothing new: the tag is in place or has moved meanwhile, or this was reported before. */
async function recordFound(
  tx: Transaction,
  { config }: Needs,
  sync: TagSync,
  found: string | null,
): Promise<DueWork[] | null> {
  await lockModel(tx, sync.modelId);
  const now = await readSync(tx, sync.id);
  if (now === null || now.status === "pending" || now.revision !== sync.revision) return null;
  const inPlace = found === sync.digest;
  if (inPlace && now.status === "synced") return null;
  const repaired = !inPlace && config.tags.drift === "repair";
  const reason = inPlace
    ? null
    : `the registry has ${found ?? "nothing"} under ${tagReference(sync)}, put there by others`;
  if (!repaired && now.reason === reason) return null;
  const status = inPlace ? "synced" : repaired ? "pending" : "drifted";
  await tx.tagSync.update({ where: { id: sync.id }, data: { status, reason, changedAt: new Date() } });
  if (inPlace) return null;
  await recordAudit(tx, slipwayActor(), {
    action: "tag.drift",
    object: `${sync.model}:${sync.tag}`,
    objectId: sync.modelId,
    model: sync.model,
    before: { imageDigest: sync.digest, repository: sync.repository },
    after: { imageDigest: found, repaired },
  });
  return repaired ? requestSyncs(tx, [sync.id]) : [];
}
