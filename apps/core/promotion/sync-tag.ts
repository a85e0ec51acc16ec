import { messageOf } from "#core/errors.ts";
import type { Registries } from "#core/images/registries/open-registries.ts";
import { openKnownManifests } from "#core/images/registry-client/known-manifests.ts";
import { isAway } from "#core/images/registry-client/registry-error.ts";
import type { Logger } from "#core/logger.ts";
import { lockModel } from "#core/models/model.ts";
import { redactor } from "#core/redact.ts";
import type { Registry } from "#core/registry.ts";
import { fewAtOnce } from "#core/work/few-at-once.ts";
import type { WorkHandler } from "#core/work/run-work.ts";
import { type Claim, closeWork, holdClaim, postponeWork, StaleClaim } from "#core/work/work.ts";
import { Prisma } from "#prisma/client/client.ts";
import { bringTag, copyHere } from "./bring-tag.ts";
import { findCopyPlace } from "./copy-place.ts";
import { tagWork } from "./request-sync.ts";
import { readSync, type TagSync, tagReference } from "./tag-sync.ts";

interface Needs extends Pick<Registry, "db" | "config"> {
  registries: Registries;
}

const lastTryMs = 60_000;
/** Whether what is copied is still wanted. */
const lookEveryMs = 1_000;
const longestPauseMs = 60_000;

/** The same for a worker, which has other work too. */
export function tagHandler(needs: Needs): WorkHandler {
  return fewAtOnce(needs.db, tagWork, needs.config.work, bringingTags(needs));
}

/** Brings one tag to one repository of a registry: by putting the manifest under its name, with no layer moved where the image is
 *  there already, and reading it back. Repeated until the registry has it, for as long as that takes. Work on a row is one
 *  worker's at a time, and after every PUT it looks whether the tag was moved meanwhile: a worker that was frozen and puts an old
 *  move late puts the newer one right after. */
export function bringingTags(needs: Needs): WorkHandler {
  const { db, config, registries } = needs;
  const redact = redactor(config);
  const manifests = openKnownManifests();

  const run: WorkHandler["run"] = async (claim, signal, log) => {
    for (;;) {
      let sync = await readSync(db, claim.subjectId);
      if (sync === null) return closeWork(db, claim);
      let left: string | null;
      let isCopying = false;
      try {
        if (sync.copy && sync.digest !== null) {
          isCopying = true;
          sync = await findCopyPlace(needs, claim, sync);
          if (sync === null) return;
          if (!(await copied(needs, sync, { signal, log }))) continue;
          isCopying = false;
        }
        left = await bringTag({ registries, manifests }, sync, signal);
      } catch (error) {
        if (signal.aborted || error instanceof StaleClaim || sync === null) throw error;
        const reason = redact(messageOf(error));
        log.warn({ tag: tagReference(sync), error: reason }, "a registry has not taken a tag yet; tried again");
        // That it is not copied may be the other registry's fault.
        return putOff(needs, claim, sync, { reason, isAway: !isCopying && isAway(error) });
      }
      if (await concluded(needs, claim, sync, left === null ? null : redact(left))) {
        log.info({ tag: tagReference(sync), digest: sync.digest }, "a registry has a tag");
        return;
      }
    }
  };
  return { run, giveUp: (claim, log) => run(claim, AbortSignal.timeout(lastTryMs), log) };
}

/** False where the tag was asked for anew meanwhile, which nobody waits for as long as an image takes: the copy is given up, and its
 *  tag is not put. */
async function copied(
  { db, registries }: Needs,
  sync: TagSync,
  { signal, log }: { signal: AbortSignal; log: Logger },
): Promise<boolean> {
  const isOver = async () => (await readSync(db, sync.id))?.requests !== sync.requests;
  const over = new AbortController();
  const looking = setInterval(() => {
    isOver().then(
      (is) => is && over.abort(),
      () => {}, // asked again
    );
  }, lookEveryMs);
  try {
    await copyHere(registries, sync, { signal: AbortSignal.any([signal, over.signal]), log });
  } catch (error) {
    if (!over.signal.aborted) throw error;
  } finally {
    clearInterval(looking);
  }
  return !(await isOver());
}

/** False where the tag was asked for anew meanwhile. In one statement: under the lock of the model, as whoever asks for it. Throws
 *  `StaleClaim`. */
async function concluded({ db }: Needs, claim: Claim, sync: TagSync, left: string | null): Promise<boolean> {
  const same = Prisma.sql`s.id = ${sync.id}::uuid AND s.requests = ${sync.requests}`;
  const settled =
    sync.digest === null && left === null
      ? Prisma.sql`DELETE FROM tag_syncs s USING held WHERE ${same} RETURNING s.id`
      : Prisma.sql`
          UPDATE tag_syncs s
          SET status = ${left === null ? "synced" : "drifted"}, revision = ${sync.revision}, reason = ${left},
              unanswered_since = NULL, changed_at = now(), checked_at = now()
          FROM held WHERE ${same} RETURNING s.id`;
  const [outcome] = await db.$queryRaw<{ held: boolean; ended: boolean }[]>`
    WITH model AS (SELECT id FROM models WHERE id = ${sync.modelId}::uuid FOR UPDATE),
    held AS (
      SELECT w.id FROM model CROSS JOIN work w
      WHERE w.id = ${claim.workId}::uuid AND w.attempt = ${claim.attempt} AND w.state = 'running' FOR UPDATE OF w),
    settled AS (${settled}),
    ended AS (
      UPDATE work w SET state = 'done', lease_until = NULL FROM held, settled WHERE w.id = held.id RETURNING w.id)
    SELECT EXISTS (SELECT FROM held) AS held, EXISTS (SELECT FROM ended) AS ended`;
  if (outcome?.held !== true) throw new StaleClaim(claim);
  return outcome.ended;
}

/** For half as long again as it has been tried: the row's attempts are those of all moves. */
async function putOff(
  { db }: Needs,
  claim: Claim,
  sync: TagSync,
  { reason, isAway }: { reason: string; isAway: boolean },
): Promise<void> {
  const triedMs = Date.now() - sync.changedAt.getTime();
  const pauseMs = Math.round(Math.min(longestPauseMs, Math.max(1_000, triedMs / 2)) * (0.9 + Math.random() * 0.2));
  await db.$transaction(async (tx) => {
    await lockModel(tx, sync.modelId);
    await holdClaim(tx, claim);
    await tx.$executeRaw`
      UPDATE tag_syncs
      SET reason = ${reason}, unanswered_since = CASE WHEN ${isAway} THEN coalesce(unanswered_since, now()) END
      WHERE id = ${claim.subjectId}::uuid`;
    await postponeWork(tx, claim, pauseMs);
  });
}
