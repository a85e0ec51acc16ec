import { recordAudit } from "#core/audit/record-audit.ts";
import type { Transaction } from "#core/database/client.ts";
import { SlipwayError } from "#core/errors.ts";
import { forget, type Remember } from "#core/idempotency/keys.ts";
import { findVersion, readVersion, whyImageIsAway } from "#core/models/version.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { addProof, type Proof, readProof } from "./proof.ts";

/** Has a ready image tried again: the new proof stands in place of the one before from now on. Throws
 *  `version_not_ready`, `proof_running`, and `tests_not_found` where tests are asked for that the version has not. */
export async function requestProof(
  { db, doorbell }: Pick<Registry, "db" | "doorbell">,
  { model, version, tests }: { model: string; version: string; tests: boolean },
  actor: Actor,
  remember: Remember<Proof> = forget,
): Promise<Proof> {
  const { proof, workId } = await db.$transaction(async (tx) => {
    const { id, imageId } = await findVersion(tx, model, version, "for update");
    if (imageId === null)
      throw new SlipwayError("version_not_ready", `${model}:${version} has no image yet that could be tried`);
    const away = whyImageIsAway(await readVersion({ db: tx }, model, version));
    if (away !== null) throw new SlipwayError("version_not_ready", away);
    if ((await tx.proof.count({ where: { imageId, status: "pending" } })) > 0)
      throw new SlipwayError("proof_running", `${model}:${version} is being tried: wait for what comes of it`);
    if (tests) await requireTests(tx, { id, model, version });
    const { requestId, name: createdBy } = actor;
    const { proofId, workId } = await addProof(tx, { versionId: id, imageId, requestId, createdBy, testsAsked: tests });
    await recordAudit(tx, actor, {
      action: "proof.create",
      object: `${model}:${version}`,
      objectId: proofId,
      model,
      after: { status: "pending", ...(tests ? { tests: true } : {}) },
    });
    const proof = await readProof({ db: tx }, model, version);
    await remember(tx, proof);
    return { proof, workId };
  });
  await doorbell.ring(workId);
  return proof;
}

/** An image that was built elsewhere may be of a version without files. */
async function requireTests(
  tx: Transaction,
  { id, model, version }: { id: string; model: string; version: string },
): Promise<void> {
  const found = await tx.versionFile.count({
    where: { versionId: id, path: { startsWith: "tests/", endsWith: ".py" } },
  });
  if (found > 0) return;
  throw new SlipwayError("tests_not_found", `${model}:${version} has no tests: its package has no tests/*.py`);
}
