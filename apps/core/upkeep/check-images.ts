import { setTimeout as sleep } from "node:timers/promises";
import { isSlipwayError, messageOf } from "#core/errors.ts";
import { placeOf } from "#core/images/registries/image-place.ts";
import { type Registries, RegistryMoved } from "#core/images/registries/open-registries.ts";
import { RegistryError } from "#core/images/registry-client/registry-error.ts";
import { requireRegistry } from "#core/images/registry-client/require-registry.ts";
import type { Logger } from "#core/logger.ts";
import { imageReference } from "#core/models/version.ts";
import { redactor } from "#core/redact.ts";
import { type Registry, slipwayActor } from "#core/registry.ts";
import type { Chore } from "#core/work/chores.ts";
import type { VersionImage } from "./image-row.ts";
import { askRegistry, recordCheck } from "./record-check.ts";

interface Needs extends Pick<Registry, "db" | "config"> {
  registries: Registries;
}

const roundsMs = 3_600_000;
const atOnce = 100;
/** To all registries together, from all workers together: one of them has the chore. */
const requestsPerSecond = 20;
const oneImageMs = 60_000;
const answerMs = 10_000;

interface Round {
  before: Date;
  /** Images that could not be asked for. */
  failed: string[];
  /** Those of the round before: they come last, since each may take its whole time. */
  failedBefore: readonly string[];
  /** Registries that answer nothing. */
  away: Set<string>;
  checked: number;
  missing: number;
  found: number;
}

/** Asks registries for every image that a version has, once in the time that is set, and each hour again for those that were
 *  missing, whoever's: a removal that met an outage leaves such, which go once they are found. A registry that does not answer marks nothing, and is left alone until the next round. */
export function checkChore(needs: Needs): Chore {
  const { checkAllMs } = needs.config.images;
  let failedBefore: readonly string[] = [];
  return {
    kind: "check",
    everyMs: Math.min(roundsMs, checkAllMs),
    run: async (_, signal, log) => {
      const counts = { checked: 0, missing: 0, found: 0 };
      const round: Round = { before: new Date(), failed: [], failedBefore, away: new Set(), ...counts };
      for (let page = await due(needs, round); page.length > 0; page = await due(needs, round))
        for (const image of page)
          if (!round.away.has(image.registry)) await checkOne(needs, image, round, { signal, log });
      failedBefore = round.failed;
      const { checked, missing, found, failed } = round;
      log.info({ checked, missing, found, failed: failed.length }, "images were looked for in their registries");
    },
  };
}

/** The longest unasked first. Each that is asked for leaves the list. */
async function due({ db, config }: Needs, { before, failed, failedBefore, away }: Round): Promise<VersionImage[]> {
  return db.$queryRaw<VersionImage[]>`
    SELECT i.id, i.registry, i.repository, i.digest, i.status, i.checked_at AS "checkedAt"
    FROM images i
    WHERE i.registry <> ALL (${[...away]}::text[]) AND i.id <> ALL (${failed}::uuid[]) AND i.checked_at < ${before}
      AND (i.status = 'missing'
           OR (i.status = 'present' AND i.checked_at < now() - ${config.images.checkAllMs}::float8 * interval '1 millisecond'
               AND EXISTS (SELECT FROM versions v JOIN models m ON m.id = v.model_id
                           WHERE v.image_id = i.id AND v.deleted_at IS NULL AND m.deleted_at IS NULL)))
    ORDER BY i.id = ANY (${failedBefore}::uuid[]), i.checked_at, i.id LIMIT ${atOnce}`;
}

async function checkOne(
  needs: Needs,
  image: VersionImage,
  round: Round,
  { signal, log }: { signal: AbortSignal; log: Logger },
): Promise<void> {
  signal.throwIfAborted();
  const limit = AbortSignal.any([signal, AbortSignal.timeout(oneImageMs)]);
  const check = await askRegistry(needs, image, limit).catch(async (error: unknown) => {
    if (signal.aborted) throw error;
    round.failed.push(image.id);
    if (await isAway(needs, image, signal)) round.away.add(image.registry);
    const reason = redactor(needs.config)(messageOf(error));
    log.warn({ image: imageReference(image), error: reason }, "a registry could not be asked for an image");
    return null;
  });
  if (check === null) return pace(2, signal);
  const { missing, asked } = check;
  const isNew = await needs.db.$transaction((tx) => recordCheck(tx, image, check, slipwayActor()));
  round.checked += 1;
  if (isNew && missing === null) round.found += 1;
  if (isNew && missing !== null) {
    round.missing += 1;
    log.error({ image: imageReference(image), missing }, "an image is missing from its registry");
  }
  await pace(asked, signal);
}

async function pace(asked: number, signal: AbortSignal): Promise<void> {
  await sleep((asked * 1_000) / requestsPerSecond, undefined, { signal });
}

/** One that refuses this login, or is at another address now, answers: for its other images it is asked. */
async function isAway({ registries }: Needs, image: VersionImage, signal: AbortSignal): Promise<boolean> {
  const { registry, host, path } = placeOf(image);
  try {
    const { client } = await registries.open(registry, host);
    await requireRegistry(client, path, AbortSignal.any([signal, AbortSignal.timeout(answerMs)]));
    return false;
  } catch (error) {
    if (signal.aborted) throw error;
    const isRefused = error instanceof RegistryError && (error.status === 401 || error.status === 403);
    return !(isRefused || error instanceof RegistryMoved || isSlipwayError(error, "registry_not_found"));
  }
}
