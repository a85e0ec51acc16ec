import { setTimeout as sleep } from "node:timers/promises";
import type { EngineConfig } from "#core/config.ts";
import { BuildFault } from "../image-builder.ts";
import { megabytes } from "../measures.ts";
import type { Engine } from "./open-engine.ts";

const everyMs = 2_000;

/** Holds the container of a build's step to what a build itself cannot be told: how many processes it may have, and
 *  how much it may write. Returns when `ended` aborts; throws what it did wrong. A container that is gone is none. */
export async function watchContainer(
  { docker }: Engine,
  containerId: string,
  { processes, diskBytes }: Pick<EngineConfig["limits"], "processes" | "diskBytes">,
  ended: AbortSignal,
): Promise<void> {
  const container = docker.getContainer(containerId);
  // It takes an option, and gives an answer, that its types do not know.
  const inspect = container.inspect.bind(container) as unknown as (options: object) => Promise<{ SizeRw?: number }>;
  await container.update({ PidsLimit: processes }).catch(() => {});
  while (!ended.aborted) {
    await sleep(everyMs, undefined, { signal: ended }).catch(() => {});
    if (ended.aborted) return;
    const found = await inspect({ size: true }).catch(() => null);
    const written = found?.SizeRw ?? 0;
    if (written > diskBytes)
      throw new BuildFault(
        "build_limit_exceeded",
        `a step of the build wrote more than the ${megabytes(diskBytes)} that it may`,
      );
  }
}
