import { recordAudit } from "#core/audit/record-audit.ts";
import { SlipwayError } from "#core/errors.ts";
import { forget, type Remember } from "#core/idempotency/keys.ts";
import { findVersion, readVersion, whyImageIsAway } from "#core/models/version.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { addProof, type Proof, readProof } from "./proof.ts";

/** Has a ready image tried again: the new proof stands in place of the one before from now on. Throws
 *  `version_not_ready`, `proof_running`. */
export async function requestProof(
  { db, doorbell }: Pick<Registry, "db" | "doorbell">,
  { model, version }: { model: string; version: string },
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
    const { requestId, name: createdBy } = actor;
    const { proofId, workId } = await addProof(tx, { versionId: id, imageId, requestId, createdBy });
    await recordAudit(tx, actor, {
      action: "proof.create",
      object: `${model}:${version}`,
      objectId: proofId,
      model,
      after: { status: "pending" },
    });
    const proof = await readProof({ db: tx }, model, version);
    await remember(tx, proof);
    return { proof, workId };
  });
  await doorbell.ring(workId);
  return proof;
}
