import { setTimeout as sleep } from "node:timers/promises";
import type { ProofConfig } from "#core/config.ts";
import type { Engine } from "#core/images/engine/open-engine.ts";
import { createContainer, execute, type Ran, readState, removeContainer } from "#core/images/engine/run-container.ts";
import type { Ask } from "./ask-example.ts";
import { ProofFailure } from "./proof-failure.ts";

export type Container = Awaited<ReturnType<typeof createContainer>>;

/** The container of an image that is tried, and how its server is reached. */
export interface ServerUnderTest {
  /** Made, and not started. */
  container: Container;
  /** Waits from its start on. Returns how long it took. Throws `ProofFailure` where it ends before. */
  untilHealthy(signal: AbortSignal): Promise<number>;
  ask: Ask;
  /** Takes away all that was made for it. */
  remove(): Promise<void>;
}

const lookEveryMs = 200;
/** Twice the longest answer that `ask` takes, since it comes as a text within JSON. */
const mostBytes = 16 * 1024 * 1024;

/** `slipway-runtime ask` in a container that holds it. */
export function askIn(container: Container, words: string[], input: string, signal: AbortSignal): Promise<Ran> {
  return execute(container, { command: ["slipway-runtime", "ask", ...words], input, mostBytes }, signal);
}

/** An image that holds the Slipway runtime has no network, and is asked from within. */
export async function serverAskedFromWithin(
  engine: Engine,
  { image, labels, limits }: { image: string; labels: Record<string, string>; limits: ProofConfig },
  signal: AbortSignal,
): Promise<ServerUnderTest> {
  const { memoryBytes, cpus, limitMs } = limits;
  const container = await createContainer(engine, { image, labels, memoryBytes, cpus, startPeriodMs: limitMs }, signal);
  return {
    container,
    untilHealthy: (signal) => untilHealthy(container, signal),
    ask: (words, input, signal) => askIn(container, words, input, signal),
    remove: () => removeContainer(engine, container.id),
  };
}

/** By the image's own health check, to half a second. */
async function untilHealthy(container: Container, signal: AbortSignal): Promise<number> {
  for (;;) {
    const { running, healthyAt, startedAt } = await readState(container, signal);
    if (healthyAt === undefined) throw new ProofFailure("it has no health check");
    if (healthyAt !== null) return Math.max(0, healthyAt.getTime() - startedAt.getTime());
    if (!running) throw new ProofFailure("it ended before it was healthy");
    await sleep(lookEveryMs, undefined, { signal });
  }
}
