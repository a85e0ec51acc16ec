import { setTimeout as sleep } from "node:timers/promises";
import type { Digest } from "#core/artifacts/digest.ts";
import { recordAudit } from "#core/audit/record-audit.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { isSlipwayError, messageOf } from "#core/errors.ts";
import { placeOf } from "#core/images/registries/image-place.ts";
import { type Registries, RegistryMoved } from "#core/images/registries/open-registries.ts";
import type { RegistryClient } from "#core/images/registry-client/client.ts";
import { deleteManifest, pullManifest } from "#core/images/registry-client/manifests.ts";
import { isPassing, RegistryError } from "#core/images/registry-client/registry-error.ts";
import { requireRegistry } from "#core/images/registry-client/require-registry.ts";
import { type ImageStatus, imageReference } from "#core/models/version.ts";
import { type Redact, redactor } from "#core/redact.ts";
import { type Registry, slipwayActor } from "#core/registry.ts";
import { fewAtOnce } from "#core/work/few-at-once.ts";
import type { WorkHandler } from "#core/work/run-work.ts";
import {
  backoffMs,
  type Claim,
  closeWork,
  extendLease,
  finishWork,
  holdClaim,
  putOffWork,
  StaleClaim,
} from "#core/work/work.ts";
import { removalWork } from "./begin-removal.ts";
import { freedBytes } from "./freed-bytes.ts";
import { listedAlone, lockManifest, setStatus, type VersionImage } from "./image-row.ts";

interface Needs extends Pick<Registry, "db" | "config" | "log"> {
  registries: Registries;
}

/** What came of asking a registry to remove an image. Of one that says nothing more, or says that it did and still gives it,
 *  nobody knows: it counts as missing, and the next check finds out. */
type Outcome = { status: "removed" } | { status: "present" | "missing"; reason: string };

/** Removes an image that was marked: the registry first, then the row. A worker that is killed in between leaves the mark, and
 *  the next attempt finds the registry as it is. */
export function removalHandler(needs: Needs): WorkHandler {
  const { db, config, registries } = needs;
  const redact = redactor(config);

  const removeOne: WorkHandler["run"] = async (claim, signal, log) => {
    const removing = await readRemoving(needs, claim);
    if (removing === null) return closeWork(db, claim);
    let outcome: Outcome;
    try {
      // A worker that was frozen may go on when another has removed the image, and a build has put it back.
      const hold = () => extendLease(db, claim, config.work.leaseMs);
      const listed = await listedAlone(db, removing);
      const left = await tagsLeaving(db, removing);
      outcome = await remove({ registries, redact, hold }, { ...removing, listed, left }, signal);
    } catch (error) {
      if (signal.aborted || error instanceof StaleClaim) throw error;
      const reason = redact(messageOf(error));
      log.warn({ err: error }, "an image is not removed yet");
      const pause = backoffMs(claim.attempt);
      if (Date.now() + pause < removing.changedAt.getTime() + config.work.retryForMs)
        return putOffWork(db, claim, pause);
      outcome = { status: "missing", reason: `nobody knows whether it was removed: ${reason}` };
    }
    await conclude(needs, claim, removing, outcome);
    log.info({ image: imageReference(removing), ...outcome }, "the removal of an image has ended");
  };

  return fewAtOnce(db, removalWork, config.work, {
    run: removeOne,

    async giveUp(claim) {
      const removing = await readRemoving(needs, claim);
      if (removing === null) return closeWork(db, claim);
      const reason = `nobody knows whether it was removed: ${claim.lostLeases} workers were killed or stopped answering`;
      await conclude(needs, claim, removing, { status: "missing", reason });
    },
  });
}

interface Removing extends VersionImage {
  /** Of the build that made it. */
  model: string;
  version: string;
}

async function readRemoving({ db }: Needs, claim: Claim): Promise<Removing | null> {
  const image = await db.image.findUnique({
    where: { id: claim.subjectId, status: "removing" },
    include: { builds: { include: { version: { include: { model: true } } } } },
  });
  const made = image?.builds[0]?.version;
  if (image === null || made === undefined) return null;
  return { ...(image as unknown as VersionImage), model: made.model.name, version: made.semver };
}

/** Tags that are at another image, or at none, and may not have left this one in its registry yet. */
async function tagsLeaving(db: Database, { registry, repository, digest }: VersionImage): Promise<string[]> {
  const rows = await db.$queryRaw<{ tag: string }[]>`
    SELECT s.tag FROM tag_syncs s JOIN tags t ON t.model_id = s.model_id AND t.name = s.tag
    WHERE s.registry = ${registry} AND s.repository = ${repository} AND t.image_digest IS DISTINCT FROM ${digest}`;
  return rows.map(({ tag }) => tag);
}

interface RemovalNeeds {
  registries: Registries;
  redact: Redact;
  /** Right before each deletion. Throws `StaleClaim`. */
  hold(): Promise<void>;
}

/** An index goes before the manifests that it lists, as some registries want it. Asks the registry whether all is gone, whatever it answered to the deletion. Throws where it cannot be asked, and where it
 *  still gives what it has said to delete. */
async function remove(
  { registries, redact, hold }: RemovalNeeds,
  image: Removing & { listed: readonly Digest[]; left: readonly string[] },
  signal: AbortSignal,
): Promise<Outcome> {
  const { registry, host, path } = placeOf(image);
  let client: RegistryClient;
  try {
    ({ client } = await registries.open(registry, host));
  } catch (error) {
    if (error instanceof RegistryMoved || isSlipwayError(error, "registry_not_found"))
      return { status: "present", reason: `it could not be removed: ${redact(messageOf(error))}` };
    throw error;
  }
  const deleteHeld = async (reference: string): Promise<void> => {
    await hold();
    await deleteManifest(client, path, reference, signal);
  };
  try {
    await deleteHeld(image.digest).catch(async (error: unknown) => {
      if (!(error instanceof RegistryError && error.code === "GOOGLE_MANIFEST_DANGLING_TAG")) throw error;
      // Google's registries keep a manifest for as long as a tag names it. Slipway's are the version's and those that leave it.
      for (const tag of [image.version, ...image.left]) {
        const tagged = await pullManifest(client, path, tag, signal);
        if (tagged?.digest === image.digest) await deleteHeld(tag);
      }
      await deleteHeld(image.digest);
    });
    for (const digest of image.listed) await deleteHeld(digest);
  } catch (error) {
    if (!(error instanceof RegistryError) || isPassing(error)) throw error;
    return { status: "present", reason: `it could not be removed: ${redact(messageOf(error))}${adviceFor(error)}` };
  }
  // A registry of several servers may take a moment.
  for (const pauseMs of [0, 500, 2_000]) {
    await sleep(pauseMs, undefined, { signal });
    if (await hasAny(client, path, [image.digest, ...image.listed], signal)) continue;
    await requireRegistry(client, path, signal);
    return { status: "removed" };
  }
  // It may keep it, or remove it in a while: no tag is let go there before that is known.
  throw new Error(
    `registry ${host} has accepted its deletion, and still has it: where that stays so, remove it by the registry's own means`,
  );
}

async function hasAny(
  client: RegistryClient,
  path: string,
  digests: readonly Digest[],
  signal: AbortSignal,
): Promise<boolean> {
  for (const digest of digests) if ((await pullManifest(client, path, digest, signal)) !== null) return true;
  return false;
}

function adviceFor({ status }: RegistryError): string {
  if (status === 405 || status === 400)
    return "; switch deletion on in the registry (distribution: storage.delete.enabled), or remove it by its own means";
  return "";
}

async function conclude({ db }: Needs, claim: Claim, image: Removing, outcome: Outcome): Promise<void> {
  await db.$transaction(async (tx) => {
    await holdClaim(tx, claim);
    const freed = outcome.status === "removed" ? await freedNow(tx, image) : null;
    await lockManifest(tx, image);
    await setStatus(tx, image, { ...outcome, freedBytes: freed });
    await finishWork(tx, claim);
    await recordResult(tx, claim, image, outcome, freed);
  });
}

/** Those that end together are counted one after the other: a layer that both had is freed with the last. */
async function freedNow(tx: Transaction, image: VersionImage): Promise<number> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('freed bytes'))`;
  return (await freedBytes(tx, [image])).get(imageReference(image)) ?? 0;
}

const actions: Record<Outcome["status"], string> = {
  removed: "image.removed",
  present: "image.keep",
  missing: "image.miss",
} satisfies Partial<Record<ImageStatus, string>>;

/** Slipway's own deed, of the request that asked for it. */
function recordResult(
  tx: Transaction,
  { requestId }: Claim,
  image: Removing,
  outcome: Outcome,
  freed: number | null,
): Promise<void> {
  return recordAudit(tx, slipwayActor(requestId), {
    action: actions[outcome.status],
    object: `${image.model}:${image.version}`,
    objectId: image.id,
    model: image.model,
    before: { status: "removing" },
    after: { ...outcome, image: imageReference(image), ...(freed === null ? {} : { freedBytes: freed }) },
  });
}
