import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "#core/errors.ts";
import type { Registries } from "#core/images/registries/open-registries.ts";
import type { Logger } from "#core/logger.ts";
import { redactor } from "#core/redact.ts";
import type { Actor, Registry } from "#core/registry.ts";
import type { Chore } from "#core/work/chores.ts";
import { referenceOf, type VersionImage } from "./image-row.ts";
import { askRegistry, recordCheck } from "./record-check.ts";

interface Needs extends Pick<Registry, "db" | "config"> {
  registries: Registries;
}

const roundsMs = 3_600_000;
const atOnce = 100;
/** To all registries together, from all workers together: one of them has the chore. */
const requestsPerSecond = 20;
const oneImageMs = 60_000;

const slipway: Actor = { name: "slipway", requestId: null, address: null, tokenId: null };

/** One round. A registry that has failed for so many images in a row is away. */
const failuresLimit = 3;

interface Round {
  before: Date;
  /** Images that could not be asked for. */
  failed: string[];
  /** In a row, by registry. */
  failures: Map<string, number>;
  checked: number;
  missing: number;
  found: number;
}

/** Asks registries for every image that a version has, once in the time that is set, and each hour again for those that were
 *  missing. A registry that does not answer marks nothing, and is left alone until the next round. */
export function checkChore(needs: Needs): Chore {
  const { checkAllMs } = needs.config.images;
  return {
    kind: "check",
    everyMs: Math.min(roundsMs, checkAllMs),
    run: async (_, signal, log) => {
      const round: Round = { before: new Date(), failed: [], failures: new Map(), checked: 0, missing: 0, found: 0 };
      for (let page = await due(needs, round); page.length > 0; page = await due(needs, round))
        for (const image of page)
          if (!isAway(round, image.registry)) await checkOne(needs, image, round, { signal, log });
      const { checked, missing, found, failed } = round;
      log.info({ checked, missing, found, failed: failed.length }, "images were looked for in their registries");
    },
  };
}

function isAway({ failures }: Round, registry: string): boolean {
  return (failures.get(registry) ?? 0) >= failuresLimit;
}

/** The longest unasked first. Each that is asked for leaves the list. */
async function due({ db, config }: Needs, { before, failed, failures }: Round): Promise<VersionImage[]> {
  const away = [...failures].filter(([, count]) => count >= failuresLimit).map(([registry]) => registry);
  return db.$queryRaw<VersionImage[]>`
    SELECT i.id, i.registry, i.repository, i.digest, i.status, i.checked_at AS "checkedAt"
    FROM images i JOIN versions v ON v.image_id = i.id JOIN models m ON m.id = v.model_id
    WHERE v.deleted_at IS NULL AND m.deleted_at IS NULL
      AND i.registry <> ALL (${away}::text[]) AND i.id <> ALL (${failed}::uuid[]) AND i.checked_at < ${before}
      AND ((i.status = 'present' AND i.checked_at < now() - ${config.images.checkAllMs}::float8 * interval '1 millisecond')
           OR i.status = 'missing')
    ORDER BY i.checked_at, i.id LIMIT ${atOnce}`;
}

async function checkOne(
  needs: Needs,
  image: VersionImage,
  round: Round,
  { signal, log }: { signal: AbortSignal; log: Logger },
): Promise<void> {
  signal.throwIfAborted();
  const limit = AbortSignal.any([signal, AbortSignal.timeout(oneImageMs)]);
  const check = await askRegistry(needs, image, limit).catch((error: unknown) => {
    if (signal.aborted) throw error;
    round.failed.push(image.id);
    round.failures.set(image.registry, (round.failures.get(image.registry) ?? 0) + 1);
    const reason = redactor(needs.config)(messageOf(error));
    log.warn({ image: referenceOf(image), error: reason }, "a registry could not be asked for an image");
    return null;
  });
  if (check === null) return;
  const { missing, asked } = check;
  const isNew = await needs.db.$transaction((tx) => recordCheck(tx, image, check, slipway));
  round.failures.delete(image.registry);
  round.checked += 1;
  if (isNew && missing === null) round.found += 1;
  if (isNew && missing !== null) {
    round.missing += 1;
    log.error({ image: referenceOf(image), missing }, "an image is missing from its registry");
  }
  await sleep((asked * 1_000) / requestsPerSecond, undefined, { signal });
}
