import { statusOf, whyNoEngine } from "./engine-answers.ts";
import { runLabel, untilLabel } from "./labels.ts";
import type { Engine } from "./open-engine.ts";

/** Removes what a run left in the engine: its container, if one still runs, and all images of its steps. */
export async function removeRun({ docker }: Engine, runId: string): Promise<void> {
  await removeLabelled({ docker }, `${runLabel}=${runId}`, () => true);
}

/** Removes what runs of killed workers left: all whose time is over, and nothing else. Where no engine answers there is
 *  nothing to remove yet. */
export async function removeAbandonedRuns(engine: Engine, nowMs = Date.now()): Promise<void> {
  if ((await whyNoEngine(engine)) !== null) return;
  await removeLabelled(engine, runLabel, (labels) => Number(labels[untilLabel] ?? Infinity) * 1_000 < nowMs);
}

async function removeLabelled(
  { docker }: Pick<Engine, "docker">,
  label: string,
  isOver: (labels: Record<string, string>) => boolean,
): Promise<void> {
  const filters = { label: [label] };
  for (const { Id, Labels } of await docker.listContainers({ all: true, filters }))
    if (isOver(Labels)) await docker.getContainer(Id).remove({ force: true, v: true }).catch(ifGone);
  // An image that another stands on is refused: those on top go first, so it is tried as long as one goes.
  for (let left = Infinity; ; ) {
    const images = await docker.listImages({ all: true, filters });
    const over = images.filter(({ Labels }) => isOver(Labels ?? {}));
    if (over.length === 0 || over.length >= left) return;
    left = over.length;
    for (const { Id } of over) await docker.getImage(Id).remove({ force: true }).catch(ifGone);
  }
}

/** Gone already, or in use by what goes later. */
function ifGone(error: unknown): void {
  const status = statusOf(error);
  if (status !== 404 && status !== 409) throw error;
}
