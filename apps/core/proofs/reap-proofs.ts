import type { Database } from "#core/database/client.ts";
import { isId } from "#core/database/ids.ts";
import { whyNoEngine } from "#core/images/engine/engine-answers.ts";
import { tagsOf } from "#core/images/engine/load-image.ts";
import type { Engine } from "#core/images/engine/open-engine.ts";
import { removeImage } from "#core/images/engine/pull-image.ts";
import { labelledContainers, removeContainer } from "#core/images/engine/run-container.ts";
import type { Registry } from "#core/registry.ts";
import type { Claim } from "#core/work/work.ts";
import { askerName } from "./own-server.ts";

/** `<work id>/<attempt>` */
const holderLabel = "dev.slipway.proof";
/** After which nobody can be at it any more, in milliseconds since 1970. */
const untilLabel = "dev.slipway.proof-until";

/** The reference of an image that goes with the container. */
const imageLabel = "dev.slipway.proof-image";

/** Clocks differ, and a removal takes its time. */
const slackMs = 300_000;
const answerMs = 10_000;

/** What a container of a proof is found by, should its worker be killed. */
export function proofLabels(
  { workId, attempt }: Pick<Claim, "workId" | "attempt">,
  { lifetimeMs }: { lifetimeMs: number },
): Record<string, string> {
  return { [holderLabel]: `${workId}/${attempt}`, [untilLabel]: String(Date.now() + lifetimeMs + slackMs) };
}

/** For the container of an image that the engine has for its proof alone: it goes with it. */
export function withImage(labels: Record<string, string>, reference: string): Record<string, string> {
  return { ...labels, [imageLabel]: reference };
}

/** Removes the containers and asking images of proofs that no worker holds any more, at once: one that cannot be removed keeps
 *  none of the others, and is thrown at the end. Other instances may use the same engine: what belongs to work that is not in
 *  this database is left until its time is over. Where no engine answers there is nothing to remove yet. */
export async function reapProofs({ db, engine }: Pick<Registry, "db"> & { engine: Engine }): Promise<void> {
  if ((await whyNoEngine(engine)) !== null) return;
  const containers = await labelledContainers(engine, holderLabel, AbortSignal.timeout(answerMs));
  const ofContainers = await Promise.allSettled(
    containers.map(async ({ id, labels }) => {
      if (!(await isAbandoned(db, labels))) return;
      await removeContainer(engine, id);
      const image = labels[imageLabel];
      if (image !== undefined) await removeImage(engine, image, AbortSignal.timeout(answerMs));
    }),
  );
  const tags = await tagsOf(engine, askerName, AbortSignal.timeout(answerMs));
  const ofTags = await Promise.allSettled(
    tags.map(async (tag) => {
      if (await isAbandoned(db, { [holderLabel]: tag.replace(/-(\d+)$/, "/$1") }))
        await removeImage(engine, `${askerName}:${tag}`, AbortSignal.timeout(answerMs));
    }),
  );
  const failures = [...ofContainers, ...ofTags].flatMap((end) => (end.status === "rejected" ? [end.reason] : []));
  if (failures.length > 0) throw new AggregateError(failures);
}

async function isAbandoned(db: Database, labels: Record<string, string>): Promise<boolean> {
  const [workId = "", attempt = ""] = (labels[holderLabel] ?? "").split("/");
  const work = isId(workId) ? await db.work.findUnique({ where: { id: workId } }) : null;
  if (work === null) return Number(labels[untilLabel]) < Date.now();
  return work.state !== "running" || String(work.attempt) !== attempt;
}
