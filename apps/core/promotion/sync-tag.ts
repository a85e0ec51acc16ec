import { messageOf } from "#core/errors.ts";
import type { Registries } from "#core/images/registries/open-registries.ts";
import { deleteManifest, pullManifest, pushManifest } from "#core/images/registry-client/manifests.ts";
import { isPassing, RegistryError } from "#core/images/registry-client/registry-error.ts";
import { lockModel } from "#core/models/model.ts";
import { redactor } from "#core/redact.ts";
import type { Registry } from "#core/registry.ts";
import { fewAtOnce } from "#core/work/few-at-once.ts";
import type { WorkHandler } from "#core/work/run-work.ts";
import { type Claim, closeWork, finishWork, holdClaim, postponeWork, StaleClaim } from "#core/work/work.ts";
import { tagWork } from "./request-sync.ts";
import { askForTag, readSync, type TagSync, tagReference } from "./tag-sync.ts";

interface Needs extends Pick<Registry, "db" | "config"> {
  registries: Registries;
}

const lastTryMs = 60_000;
const longestPauseMs = 60_000;

/** Brings one tag to one repository of a registry: by putting the manifest that is there under its name, with no layer moved,
 *  and reading it back. Repeated until the registry has it, for as long as that takes. Work on a row is one worker's at a time, and
 *  after every PUT it looks at the tag again: a worker that was frozen and puts an old move late puts the newer one right
 *  after. */
export function tagHandler(needs: Needs): WorkHandler {
  const { db, config } = needs;
  const redact = redactor(config);

  const run: WorkHandler["run"] = async (claim, signal, log) => {
    for (;;) {
      const sync = await readSync(db, claim.subjectId);
      if (sync === null) return closeWork(db, claim);
      let left: string | null;
      try {
        left = await bring(needs.registries, sync, signal);
      } catch (error) {
        if (signal.aborted || error instanceof StaleClaim) throw error;
        const reason = redact(messageOf(error));
        log.warn({ tag: tagReference(sync), error: reason }, "a registry has not taken a tag yet; tried again");
        return putOff(needs, claim, sync, reason);
      }
      if (await concluded(needs, claim, sync, left === null ? null : redact(left))) {
        log.info({ tag: tagReference(sync), digest: sync.digest }, "a registry has a tag");
        return;
      }
    }
  };
  return fewAtOnce(db, tagWork, config.work, {
    run,
    giveUp: (claim, log) => run(claim, AbortSignal.timeout(lastTryMs), log),
  });
}

/** What stays as it is and should not, in one line; else null. */
async function bring(registries: Registries, sync: TagSync, signal: AbortSignal): Promise<string | null> {
  const { client, path, digest } = await askForTag(registries, sync, signal);
  if (digest === sync.digest) return null;
  if (sync.digest === null) {
    try {
      await deleteManifest(client, path, sync.tag, signal);
    } catch (error) {
      // Many registries remove no tag but with its manifest, and with it every other tag that is there.
      if (isPassing(error)) throw error;
      return `the tag stays in its registry, at ${digest}: ${messageOf(error)}`;
    }
  } else {
    const manifest = await pullManifest(client, path, sync.digest, signal);
    if (manifest === null) throw new RegistryError(`registry ${client.host} has no ${path}@${sync.digest} any more`);
    await pushManifest(client, path, sync.tag, manifest, signal);
  }
  const after = await askForTag(registries, sync, signal);
  if (after.digest !== sync.digest)
    throw new RegistryError(
      `registry ${client.host} has ${after.digest ?? "nothing"} under ${tagReference(sync)}, after it has taken ${sync.digest ?? "its removal"}`,
    );
  return null;
}

/** False where the tag has moved meanwhile. */
async function concluded({ db }: Needs, claim: Claim, sync: TagSync, left: string | null): Promise<boolean> {
  return db.$transaction(async (tx) => {
    await lockModel(tx, sync.modelId);
    await holdClaim(tx, claim);
    const now = await readSync(tx, sync.id);
    if (now !== null && now.revision !== sync.revision) return false;
    await finishWork(tx, claim);
    if (sync.digest === null && left === null) await tx.tagSync.deleteMany({ where: { id: sync.id } });
    else
      await tx.$executeRaw`
        UPDATE tag_syncs SET status = ${left === null ? "synced" : "drifted"}, revision = ${sync.revision}, reason = ${left},
                             changed_at = now(), checked_at = now()
        WHERE id = ${sync.id}::uuid`;
    return true;
  });
}

/** For half as long again as it has been tried: the row's attempts are those of all moves. */
async function putOff({ db }: Needs, claim: Claim, sync: TagSync, reason: string): Promise<void> {
  const triedMs = Date.now() - sync.changedAt.getTime();
  const pauseMs = Math.round(Math.min(longestPauseMs, Math.max(1_000, triedMs / 2)) * (0.9 + Math.random() * 0.2));
  await db.$transaction(async (tx) => {
    await lockModel(tx, sync.modelId);
    await holdClaim(tx, claim);
    await tx.tagSync.updateMany({ where: { id: claim.subjectId }, data: { reason } });
    await postponeWork(tx, claim, pauseMs);
  });
}
