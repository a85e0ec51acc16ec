import type { WhenReady } from "#core/builds/run-build.ts";
import type { ProofConfig } from "#core/config.ts";
import type { Database, Transaction } from "#core/database/client.ts";
import { newId } from "#core/database/ids.ts";
import { SlipwayError } from "#core/errors.ts";
import { type ProofRecord, readVersion } from "#core/models/version.ts";
import { addWork } from "#core/work/work.ts";

/** The kind of work that runs images to see whether they work; its subject is a proof. */
export const proofWork = "proof";

/** A proof by itself, as it is read. */
export interface Proof extends ProofRecord {
  imageDigest: string;
  createdAt: Date;
  createdBy: string;
  finishedAt: Date | null;
}

/** A proof and its work, in the transaction that gives a version its image, or of a request for another one. Ring the
 *  bell after the commit. */
export async function addProof(
  tx: Transaction,
  proof: { versionId: string; imageId: string; requestId: string | null; createdBy: string; testsAsked?: boolean },
): Promise<{ proofId: string; workId: string }> {
  const { requestId, ...of } = proof;
  const proofId = newId();
  const { spec } = await tx.version.findUniqueOrThrow({ where: { id: of.versionId }, select: { spec: true } });
  await tx.proof.create({ data: { id: proofId, checked: checkedBy(spec), ...of } });
  return { proofId, workId: await addWork(tx, { kind: proofWork, subjectId: proofId, requestId }) };
}

/** Where a package brings no example, its health is all that there is to look at. */
function checkedBy(spec: unknown): ProofRecord["checked"] {
  const { example = null } = (spec ?? {}) as { example?: unknown };
  return example === null ? "health" : "prediction";
}

/** The newest of a version's image. Throws `model_not_found`, `version_not_found`, `proof_not_found`. */
export async function readProof(
  { db }: { db: Database | Transaction },
  model: string,
  reference: string,
): Promise<Proof> {
  const { id, proof, image } = await readVersion({ db }, model, reference);
  const row =
    proof === null
      ? null
      : await db.proof.findFirst({
          where: { versionId: id },
          orderBy: [{ createdAt: "desc" }, { id: "desc" }],
          select: { createdAt: true, createdBy: true, finishedAt: true },
        });
  if (proof === null || image === null || row === null)
    throw new SlipwayError("proof_not_found", `${model}:${reference.slice(0, 200)} has no image that was tried`);
  return { ...proof, imageDigest: image.digest, ...row };
}

/** Every image that a build makes ready is tried, where that is wanted. */
export function proveWhenReady({ on }: ProofConfig): WhenReady {
  return async (tx, ready) => (on ? [(await addProof(tx, { ...ready, createdBy: "slipway" })).workId] : []);
}
