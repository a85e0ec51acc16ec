import { recordAudit } from "#core/audit/record-audit.ts";
import type { ExternalSource } from "#core/builds/external-source.ts";
import type { Transaction } from "#core/database/client.ts";
import { messageOf } from "#core/errors.ts";
import { whyNoEngine } from "#core/images/engine/engine-answers.ts";
import type { Engine } from "#core/images/engine/open-engine.ts";
import type { ImageBuilder } from "#core/images/image-builder.ts";
import { type Registries, RegistryMoved } from "#core/images/registries/open-registries.ts";
import { lockModel } from "#core/models/model.ts";
import { type ImagePlatform, type ImageStatus, imageReference } from "#core/models/version.ts";
import type { PackageSpec, Serve } from "#core/packaging/package-spec.ts";
import { runnable } from "#core/packaging/platforms.ts";
import { wakePromotions } from "#core/promotion/wake-promotions.ts";
import { redactor } from "#core/redact.ts";
import { type Registry, slipwayActor } from "#core/registry.ts";
import { fewAtOnce } from "#core/work/few-at-once.ts";
import { ringAll } from "#core/work/queue.ts";
import type { WorkHandler } from "#core/work/run-work.ts";
import { backoffMs, type Claim, finishWork, holdClaim, postponeWork, StaleClaim } from "#core/work/work.ts";
import { proofWork } from "./proof.ts";
import { type Findings, type Proving, proveImage } from "./prove-image.ts";
import { proofLabels } from "./reap-proofs.ts";
import { testsNotRun } from "./run-tests.ts";

interface Needs extends Pick<Registry, "db" | "config" | "log" | "doorbell"> {
  engine: Engine;
  builder: ImageBuilder;
  registries: Registries;
}

/** Tries the image of a version. Nothing shows before the end but that it is pending; a worker that is killed leaves a
 *  container, which the next sweep of any worker removes, and the proof is made again. */
export function proofHandler(needs: Needs): WorkHandler {
  const { db, config, engine } = needs;
  const redact = redactor(config);
  return fewAtOnce(db, proofWork, config.work, {
    async run(claim, signal, log) {
      const subject = await begin(needs, claim);
      if (!config.proof.on) return skip(needs, claim, subject, "proofs are switched off (SLIPWAY_PROOF)");
      if (subject.imageStatus !== "present")
        return skip(needs, claim, subject, `its image is away (${subject.imageStatus})`);
      if (!subject.platforms.includes(runnable))
        return skip(
          needs,
          claim,
          subject,
          `its image is for ${subject.platforms.join(" and ")}, and proofs are run on ${runnable}`,
        );
      try {
        const absence = await whyNoEngine(engine);
        // Where the settings name none there need not be one; what was there a moment ago may come back.
        if (absence !== null && !config.engine.isNamed && subject.triedUntil === null)
          return await skip(needs, claim, subject, redact(absence));
        if (absence !== null) throw new Error(absence);
        const findings = await proveImage({ ...needs, redact }, await provingOf(needs, claim, subject, signal), signal);
        await conclude(needs, claim, subject, findings);
        log.info({ status: findings.status, reason: findings.reason }, "the image was tried");
      } catch (error) {
        if (signal.aborted || error instanceof StaleClaim) throw error;
        if (error instanceof RegistryMoved) return await skip(needs, claim, subject, error.message);
        log.warn({ err: error }, "a proof met a fault of a part");
        await tryAgain(needs, claim, subject, redact(messageOf(error)));
      }
    },

    async giveUp(claim) {
      const message = `worker lost: ${claim.lostLeases} workers were killed or stopped answering while they tried it`;
      await skip(needs, claim, await begin(needs, claim), message);
    },
  });
}

interface Subject {
  proofId: string;
  /** `churn:1.2.0` */
  object: string;
  model: string;
  modelId: string;
  versionId: string;
  reference: string;
  /** Where it is. */
  registry: string;
  /** Of an index one is tried: that for the platform that things are run on. */
  platforms: readonly string[];
  /** It may be removed while the proof waits. */
  imageStatus: ImageStatus;
  spec: Pick<PackageSpec, "example" | "expect" | "resources"> | null;
  serve: Serve | null;
  testsAsked: boolean;
  isFetched: boolean;
  triedUntil: Date | null;
}

async function begin({ db }: Needs, claim: Claim): Promise<Subject> {
  const row = await db.proof.findUniqueOrThrow({
    where: { id: claim.subjectId },
    include: { image: { include: { builds: true } }, version: { include: { model: true } } },
  });
  const { version, image } = row;
  const spec = version.spec as unknown as PackageSpec | null;
  const external = (image.builds[0]?.external ?? null) as ExternalSource | null;
  return {
    proofId: row.id,
    object: `${version.model.name}:${version.semver}`,
    model: version.model.name,
    modelId: version.model.id,
    versionId: version.id,
    reference: imageReference(image),
    registry: image.registry,
    platforms: (image.platforms as unknown as ImagePlatform[]).map(({ platform }) => platform),
    imageStatus: image.status as ImageStatus,
    spec,
    serve: external === null ? (spec?.serve ?? null) : external.serve,
    testsAsked: row.testsAsked,
    isFetched: row.fetched,
    triedUntil: row.triedUntil,
  };
}

async function provingOf(
  { db, config, registries }: Needs,
  claim: Claim,
  { proofId, reference, registry, spec, serve, testsAsked, isFetched }: Subject,
  signal: AbortSignal,
): Promise<Proving> {
  const { proof, work } = config;
  const { login } = await registries.open(registry, hostOf(reference));
  const request = spec?.example ?? null;
  const { cpuMillis = null, memoryBytes = null } = spec?.resources ?? {};
  const prepareMs = work.buildLimitMs;
  return {
    reference,
    credentials: await login.login(signal),
    example: request === null ? null : { request, expect: spec?.expect ?? null },
    serve,
    testsAsked,
    name: `${claim.workId}-${claim.attempt}`,
    isFetched,
    beforeFetch: () =>
      db.$transaction(async (tx) => {
        await holdClaim(tx, claim);
        await tx.proof.update({ where: { id: proofId }, data: { fetched: true } });
      }),
    labels: proofLabels(claim, { lifetimeMs: prepareMs + (testsAsked ? 2 : 1) * proof.limitMs }),
    limits: {
      ...proof,
      prepareMs,
      // As its container is deployed, within what the settings allow.
      memoryBytes: Math.min(memoryBytes ?? proof.memoryBytes, proof.memoryBytes),
      cpus: Math.min(cpuMillis === null ? proof.cpus : cpuMillis / 1_000, proof.cpus),
    },
  };
}

function hostOf(reference: string): string {
  return reference.slice(0, reference.indexOf("/"));
}

async function conclude(needs: Needs, claim: Claim, subject: Subject, findings: Findings): Promise<void> {
  const { status, reason, coldStartMs, latencyMs, memoryBytes, log, tests } = findings;
  await concluding(needs, claim, subject, async (tx) => {
    await tx.proof.update({
      where: { id: subject.proofId },
      data: {
        status,
        reason,
        coldStartMs,
        latencyP50Ms: latencyMs?.p50 ?? null,
        latencyP99Ms: latencyMs?.p99 ?? null,
        memoryBytes,
        log,
        ...(tests === null ? {} : { tests: { ...tests } }),
        finishedAt: new Date(),
      },
    });
    await recordResult(tx, claim, subject, status === "passed" ? "proof.pass" : "proof.fail", { status, reason });
  });
}

/** It was not tried, and will not be unless somebody asks again. */
async function skip(needs: Needs, claim: Claim, subject: Subject, reason: string): Promise<void> {
  await concluding(needs, claim, subject, async (tx) => {
    await tx.proof.update({
      where: { id: subject.proofId },
      data: {
        status: "not_run",
        reason,
        finishedAt: new Date(),
        ...(subject.testsAsked ? { tests: { ...testsNotRun(reason) } } : {}),
      },
    });
    await recordResult(tx, claim, subject, "proof.skip", { status: "not_run", reason });
  });
}

/** Ends the work with what came of it, and has promotions looked at that may wait for it. */
async function concluding(
  { db, doorbell }: Needs,
  claim: Claim,
  { modelId, versionId }: Subject,
  write: (tx: Transaction) => Promise<void>,
): Promise<void> {
  const due = await db.$transaction(async (tx) => {
    await lockModel(tx, modelId);
    await holdClaim(tx, claim);
    await write(tx);
    await finishWork(tx, claim);
    return wakePromotions(tx, versionId);
  });
  await ringAll(doorbell, due);
}

/** Engine or registry are away: tried again, with backoff, for a time. */
async function tryAgain(needs: Needs, claim: Claim, subject: Subject, reason: string): Promise<void> {
  const until = subject.triedUntil ?? new Date(Date.now() + needs.config.work.retryForMs);
  const pause = backoffMs(claim.attempt);
  if (Date.now() + pause > until.getTime()) return skip(needs, claim, subject, reason);
  await needs.db.$transaction(async (tx) => {
    await holdClaim(tx, claim);
    await tx.proof.update({ where: { id: subject.proofId }, data: { reason, triedUntil: until } });
    await postponeWork(tx, claim, pause);
  });
}

/** Slipway's own deed, of the request that asked for it. */
function recordResult(
  tx: Transaction,
  { requestId }: Claim,
  { proofId, object, model }: Subject,
  action: string,
  after: { status: string; reason: string | null },
): Promise<void> {
  return recordAudit(tx, slipwayActor(requestId), { action, object, objectId: proofId, model, after });
}
