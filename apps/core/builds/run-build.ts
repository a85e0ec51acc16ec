import type { Digest } from "#core/artifacts/digest.ts";
import { recordAudit } from "#core/audit/record-audit.ts";
import type { Transaction } from "#core/database/client.ts";
import { newId } from "#core/database/ids.ts";
import { messageOf } from "#core/errors.ts";
import { BuildFault, type BuildRequest } from "#core/images/image-builder.ts";
import type { ImageLock } from "#core/images/lock.ts";
import { holdRegistry, placeOf, repositoryOf } from "#core/images/registries/image-place.ts";
import type { Registries } from "#core/images/registries/open-registries.ts";
import { allFiles } from "#core/models/files.ts";
import { lockModel } from "#core/models/model.ts";
import { type ImagePlatform, imageReference } from "#core/models/version.ts";
import type { PackageSpec } from "#core/packaging/package-spec.ts";
import { followVersions } from "#core/promotion/floating-tags.ts";
import { redactor } from "#core/redact.ts";
import { type Registry, slipwayActor } from "#core/registry.ts";
import { type DueWork, ringAll } from "#core/work/queue.ts";
import type { WorkHandler } from "#core/work/run-work.ts";
import {
  backoffMs,
  type Claim,
  extendLease,
  finishWork,
  holdClaim,
  postponeWork,
  StaleClaim,
} from "#core/work/work.ts";
import type { Prisma } from "#prisma/client/client.ts";
import { type BuildLog, openBuildLog } from "./build-log.ts";
import type { ExternalSource } from "./external-source.ts";
import { mayBegin, unblockBuilds } from "./line.ts";
import { type MadeImage, type MakeNeeds, makeImage, type ToRestore } from "./make-image.ts";
import { verifyExternal } from "./verify-external.ts";

/** What follows a build, in the transaction that gives a version its image. Returns the work to ring for. */
export type WhenReady = (
  tx: Transaction,
  ready: { versionId: string; imageId: string; requestId: string | null },
) => Promise<string[]>;

interface Needs extends MakeNeeds, Pick<Registry, "log" | "doorbell"> {
  registries: Registries;
  whenReady: WhenReady;
}

/** Makes, pushes and verifies the image of one build, or verifies one that was built elsewhere. Nothing of it shows
 *  before the registry has answered for all of it; a worker killed before that leaves layers in the registry that the
 *  next attempt finds. */
export function buildHandler(needs: Needs): WorkHandler {
  const redact = redactor(needs.config);
  return {
    turns: { mayBegin, unblock: () => unblockBuilds(needs.db) },

    async run(claim, signal, line) {
      const build = await begin(needs, claim);
      const log = openBuildLog(needs.db, claim);
      if (claim.attempt > 1) log.line(`attempt ${claim.attempt}: the one before ended without a result`);
      const limit = AbortSignal.timeout(needs.config.work.buildLimitMs);
      const context = { log: (text: string) => log.line(redact(text)), signal: AbortSignal.any([signal, limit]) };
      try {
        const made =
          build.external === null
            ? await makeImage(needs, build, (manifest) => mayTag(needs, claim, build, manifest), context)
            : await verifyExternal(needs, build.external, build.model.id, context);
        await log.close();
        await succeed(needs, claim, build, made);
        line.info({ imageDigest: made.digest }, "the image is ready");
      } catch (error) {
        if (signal.aborted || error instanceof StaleClaim) {
          await log.close().catch(() => {});
          throw error;
        }
        await conclude({ ...needs, log: line }, claim, build, log, limit.aborted ? tooSlow(needs, error) : error);
      }
    },

    async giveUp(claim, line) {
      const build = await begin(needs, claim);
      const log = openBuildLog(needs.db, claim);
      const message = `worker lost: ${claim.lostLeases} workers were killed or stopped answering while they made this image`;
      log.line(message);
      await log.close();
      await fail({ ...needs, log: line }, claim, build, { code: "worker_lost", message });
    },
  };
}

function tooSlow({ config }: Needs, cause: unknown): Error {
  return new Error(`not done within ${config.work.buildLimitMs / 1_000} s`, { cause });
}

interface BegunBuild {
  id: string;
  versionId: string;
  model: { id: string; name: string; repository: string };
  /** The version has no image yet. */
  isFirst: boolean;
  /** Set where an image is put back: then nothing else is made. */
  restores: ToRestore | null;
  /** By the database's clock. */
  begunAt: Date;
  request: BuildRequest;
  /** Set where the image was built elsewhere: then nothing is made. */
  external: ExternalSource | null;
  /** Set by the first fault of a part, and kept: faults are tried again until then. */
  triedUntil: Date | null;
}

async function begin({ db }: Needs, claim: Claim): Promise<BegunBuild> {
  return db.$transaction(async (tx) => {
    await holdClaim(tx, claim);
    const row = await tx.build.findUniqueOrThrow({
      where: { id: claim.subjectId },
      include: { version: { include: { model: true } }, restores: true },
    });
    const [{ begunAt }] = await tx.$queryRaw<[{ begunAt: Date }]>`SELECT now() AS "begunAt"`;
    await tx.build.update({
      where: { id: row.id },
      data: { status: "running", attempt: claim.attempt, waitingFor: null, startedAt: row.startedAt ?? new Date() },
    });
    const { version, restores } = row;
    return {
      id: row.id,
      versionId: version.id,
      model: version.model,
      isFirst: version.imageId === null,
      restores: restores === null ? null : { place: placeOf(restores), digest: restores.digest as Digest },
      begunAt,
      triedUntil: row.waitingUntil,
      external: row.external as ExternalSource | null,
      request: {
        model: version.model.name,
        ...(restores === null || restores.modelName === null ? {} : { madeAs: restores.modelName }),
        version: version.semver,
        contentDigest: version.contentDigest as Digest,
        spec: version.spec as unknown as PackageSpec,
        metadata: version.metadata as Record<string, unknown>,
        files: await allFiles(tx, version.id),
        lock: row.givenLock as ImageLock | null,
      },
    };
  });
}

/** The registry's tag is the version's first image for good, and is set by the holder of the claim alone. A registry that
 *  lost the image has lost its tag: it comes back with it, also by a plain build. */
async function mayTag(
  { db, config }: Needs,
  claim: Claim,
  { versionId, isFirst, restores }: BegunBuild,
  manifest: { repository: string; digest: Digest },
): Promise<boolean> {
  await extendLease(db, claim, config.work.leaseMs);
  if (isFirst || restores !== null) return true;
  const lost = { ...manifest, status: { not: "present" } };
  return (await db.version.count({ where: { id: versionId, image: lost } })) > 0;
}

async function succeed(
  { db, doorbell, whenReady }: Needs,
  claim: Claim,
  build: BegunBuild,
  made: MadeImage,
): Promise<void> {
  const { place, digest, origin, platforms, lock, builder, dockerfile } = made;
  const due = await db.$transaction(async (tx) => {
    await holdClaim(tx, claim);
    await lockModel(tx, build.model.id);
    if (!(await holdRegistry(tx, place.registry)))
      throw new Error(`the registry ${place.registry} was deleted meanwhile`);
    const imageId = newId();
    const repository = repositoryOf(place);
    const putBack = await showAgain(tx, build, { repository, digest, platforms });
    await tx.image.create({
      data: {
        id: imageId,
        registry: place.registry,
        repository,
        digest,
        origin,
        modelName: build.request.madeAs ?? build.request.model,
        platforms: platforms as unknown as Prisma.InputJsonArray,
      },
    });
    await tx.build.update({
      where: { id: build.id },
      data: {
        status: "succeeded",
        imageId,
        ...(lock === null ? {} : { lock: lock as unknown as Prisma.InputJsonValue }),
        ...(builder === null ? {} : { builderName: builder.name, builderWhy: builder.why }),
        dockerfile,
        finishedAt: new Date(),
        errorCode: null,
        errorMessage: null,
        waitingFor: null,
      },
    });
    // A rebuild never takes a ready image away.
    const { versionId } = build;
    const { count: isNew } = await tx.version.updateMany({
      where: { id: versionId, imageId: null },
      data: { imageId },
    });
    await finishWork(tx, claim);
    await recordResult(tx, claim, build, "build.succeed", {
      status: "succeeded",
      image: imageReference({ repository, digest }),
      ...(putBack ? { putBack } : {}),
    });
    const toRing = isNew > 0 || putBack ? await follow(tx, claim, build) : [];
    const proofs = isNew === 0 ? [] : await whenReady(tx, { versionId, imageId, requestId: claim.requestId });
    return [...toRing, ...proofs.map((id) => ({ id, attempt: 0 }))];
  });
  await ringAll(doorbell, due);
}

function follow(
  tx: Transaction,
  { requestId }: Claim,
  { model, request: { version } }: BegunBuild,
): Promise<DueWork[]> {
  return followVersions(tx, { modelId: model.id, model: model.name, version, why: `${version} is ready` }, requestId);
}

/** What the registry has just answered for is in it: also as the image of an earlier build. Throws where that, or one that
 *  it lists or is listed with, was removed while it was verified: then nobody knows. Says whether it had been away. Rows are locked in the order of a removal. */
async function showAgain(
  tx: Transaction,
  { versionId, begunAt }: BegunBuild,
  manifest: { repository: string; digest: string; platforms: readonly ImagePlatform[] },
): Promise<boolean> {
  await tx.$queryRaw`SELECT 1 FROM versions WHERE id = ${versionId}::uuid FOR UPDATE`;
  const parts = [manifest.digest, ...manifest.platforms.map(({ digest }) => digest)];
  const known = await tx.$queryRaw<{ digest: string; status: string; changedAt: Date }[]>`
    SELECT digest, status, changed_at AS "changedAt" FROM images
    WHERE repository = ${manifest.repository}
      AND (digest = ANY (${parts}::text[])
           OR platforms @> ANY (SELECT jsonb_build_array(jsonb_build_object('digest', part)) FROM unnest(${parts}::text[]) part))
    ORDER BY id FOR UPDATE`;
  const isUnclear = known.some(
    ({ status, changedAt }) => status === "removing" || (status === "removed" && changedAt >= begunAt),
  );
  if (isUnclear) throw new Error("the image was removed from its registry while it was verified");
  await tx.$executeRaw`
    UPDATE images SET status = 'present', reason = NULL, freed_bytes = NULL, checked_at = now(),
                      changed_at = CASE WHEN status = 'present' THEN changed_at ELSE now() END
    WHERE repository = ${manifest.repository} AND digest = ${manifest.digest}`;
  return known.some(({ digest, status }) => digest === manifest.digest && status !== "present");
}

/** The package's fault ends the build; a part's fault is tried again, with backoff, for a time. */
async function conclude(needs: Needs, claim: Claim, build: BegunBuild, log: BuildLog, error: unknown): Promise<void> {
  const message = redactor(needs.config)(messageOf(error));
  log.line(`failed: ${message}`);
  await log.close();
  if (error instanceof BuildFault) return fail(needs, claim, build, { code: error.code, message });
  needs.log.warn({ err: error }, "a build met a fault of a part");
  const until = build.triedUntil ?? new Date(Date.now() + needs.config.work.retryForMs);
  const pause = backoffMs(claim.attempt);
  if (Date.now() + pause > until.getTime()) return fail(needs, claim, build, { code: "part_unavailable", message });
  await needs.db.$transaction(async (tx) => {
    await holdClaim(tx, claim);
    await tx.build.update({
      where: { id: build.id },
      data: { status: "waiting", waitingFor: message, waitingUntil: until },
    });
    await postponeWork(tx, claim, pause);
  });
}

async function fail(
  { db, log }: Needs,
  claim: Claim,
  build: BegunBuild,
  error: { code: string; message: string },
): Promise<void> {
  await db.$transaction(async (tx) => {
    await holdClaim(tx, claim);
    await tx.build.update({
      where: { id: build.id },
      data: {
        status: "failed",
        errorCode: error.code,
        errorMessage: error.message,
        waitingFor: null,
        finishedAt: new Date(),
      },
    });
    await finishWork(tx, claim);
    await recordResult(tx, claim, build, "build.fail", { status: "failed", error });
  });
  log.info(error, "the build failed");
}

/** Slipway's own deed, of the request that asked for it. */
function recordResult(
  tx: Transaction,
  { requestId }: Claim,
  { id, request: { model, version } }: BegunBuild,
  action: string,
  after: Prisma.InputJsonObject,
): Promise<void> {
  return recordAudit(tx, slipwayActor(requestId), {
    action,
    object: `${model}:${version}`,
    objectId: id,
    model,
    after,
  });
}
