import { askAgain } from "./ask-again.ts";
import { removeAbandonedBases } from "./build-base.ts";
import { statusOf, whyNoEngine } from "./engine-answers.ts";
import { runLabel, untilLabel } from "./labels.ts";
import type { Engine } from "./open-engine.ts";
import { labelledContainers, removeContainer } from "./run-container.ts";

/** For all of a run's images; containers have a limit of their own. */
const limitMs = 120_000;

/** Removes what a run left in the engine: its containers, if any still runs, all images of its steps, and the one that was
 *  built, whatever its labels say; the engine takes those below it, which nobody names, with it. What cannot be removed
 *  keeps nothing else from it, and is thrown in the end. */
export async function removeRun(engine: Engine, runId: string, builtImage: string | null): Promise<void> {
  const more = builtImage === null ? [] : [builtImage];
  const limit = AbortSignal.timeout(limitMs);
  await askAgain(() => removeLabelled(engine, `${runLabel}=${runId}`, () => true, { more, limit }), limit);
}

/** Removes what runs of killed workers left: all whose time is over, and nothing else. Where no engine answers there is
 *  nothing to remove yet. */
export async function removeAbandonedRuns(engine: Engine, nowMs = Date.now()): Promise<void> {
  if ((await whyNoEngine(engine)) !== null) return;
  const isOver = (labels: Record<string, string>) => Number(labels[untilLabel] ?? Infinity) * 1_000 < nowMs;
  await removeLabelled(engine, runLabel, isOver, { more: [], limit: AbortSignal.timeout(limitMs) });
  await removeAbandonedBases(engine, nowMs);
}

async function removeLabelled(
  engine: Engine,
  label: string,
  isOver: (labels: Record<string, string>) => boolean,
  { more, limit }: { more: readonly string[]; limit: AbortSignal },
): Promise<void> {
  const containers = (await labelledContainers(engine, label, limit)).filter(({ labels }) => isOver(labels));
  const removed = await Promise.allSettled(containers.map(({ id }) => removeContainer(engine, id)));
  const faults = removed.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
  // An image that another stands on is refused: those on top go first, so it is tried as long as one goes.
  for (let left = Infinity; ; ) {
    const images = await engine.docker.listImages({ all: true, filters: { label: [label] }, abortSignal: limit });
    const over = images.filter(({ Labels }) => isOver(Labels ?? {})).map(({ Id }) => Id);
    if (over.length === 0 || over.length >= left) break;
    left = over.length;
    for (const id of over) await removeImage(engine, id, limit).catch((fault: unknown) => faults.push(fault));
  }
  for (const id of more) await removeImage(engine, id, limit).catch((fault: unknown) => faults.push(fault));
  if (faults.length > 0) throw faults[0];
}

/** Gone already, or in use by what goes later: then it stays. */
async function removeImage({ docker }: Engine, id: string, limit: AbortSignal): Promise<void> {
  try {
    await docker.getImage(id).remove({ force: true, abortSignal: limit });
  } catch (error) {
    if (statusOf(error) !== 404 && statusOf(error) !== 409) throw error;
  }
}
