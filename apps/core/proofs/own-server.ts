import { setTimeout as sleep } from "node:timers/promises";
import type { ProofConfig } from "#core/config.ts";
import { loadImage } from "#core/images/engine/load-image.ts";
import type { Engine } from "#core/images/engine/open-engine.ts";
import { removeImage } from "#core/images/engine/pull-image.ts";
import {
  type ContainerOptions,
  createContainer,
  readState,
  removeContainer,
} from "#core/images/engine/run-container.ts";
import type { ImageBuilder } from "#core/images/image-builder.ts";
import type { Serve } from "#core/packaging/package-spec.ts";
import { type Ask, readSaid } from "./ask-example.ts";
import { bareRequest } from "./bare-request.ts";
import { ProofFailure } from "./proof-failure.ts";
import { askIn, type Container, type ServerUnderTest } from "./server-under-test.ts";

/** Of images that ask, each tagged with the name of its proof. */
export const askerName = "slipway-asker";
const askEveryMs = 250;
const askerBytes = 256 * 1024 * 1024;
const removalMs = 10_000;

export interface OwnServer {
  image: string;
  serve: Serve;
  /** Of this proof alone: the asking image is tagged with it. */
  name: string;
  labels: Record<string, string>;
  limits: ProofConfig;
}

/** An image with a server of its own has no network either: a container of the Slipway runtime that shares its loopback asks
 *  it. What has been made when something fails is taken away again. */
export async function ownServer(
  { engine, builder }: { engine: Engine; builder: ImageBuilder },
  { image, serve, name, labels, limits }: OwnServer,
  signal: AbortSignal,
): Promise<ServerUnderTest> {
  const undo: (() => Promise<void>)[] = [];
  const remove = async () => {
    const failures: unknown[] = [];
    for (const step of undo.reverse()) await step().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures);
  };
  const make = async (options: Omit<ContainerOptions, "labels" | "startPeriodMs">): Promise<Container> => {
    const container = await createContainer(engine, { ...options, labels, startPeriodMs: null }, signal);
    undo.push(() => removeContainer(engine, container.id));
    return container;
  };
  const askerImage = `${askerName}:${name}`;
  const at = (path: string) => ["--url", `http://127.0.0.1:${serve.port}${path}`];
  try {
    const built = await builder.build(bareRequest, { log: () => {}, signal });
    undo.push(() => removeImage(engine, askerImage, AbortSignal.timeout(removalMs)));
    await loadImage(engine, built, askerImage, signal);
    const { memoryBytes, cpus } = limits;
    const container = await make({ image, memoryBytes, cpus });
    let asker: Container | null = null;
    const ask: Ask = async (words, input, signal) => {
      if (asker === null) {
        // It waits for its standard input, which nobody writes to, until it is removed.
        const command = ["slipway-runtime", "ask"];
        asker = await make({ image: askerImage, memoryBytes: askerBytes, cpus: 1, command, beside: container });
        await asker.start({ abortSignal: signal });
      }
      return askIn(asker, words, input, signal);
    };
    return {
      container,
      untilHealthy: (signal) => untilHealthy(container, ask, [...at(serve.health), "--get"], signal),
      ask: (words, input, signal) => ask([...at("/predict"), ...words], input, signal),
      remove,
    };
  } catch (error) {
    await remove().catch(() => {}); // what stays is the next sweep's
    throw error;
  }
}

/** By the path that it was declared with. */
async function untilHealthy(container: Container, ask: Ask, words: string[], signal: AbortSignal): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    const ran = await ask([...words, "--seconds", "5"], "", signal);
    if (readSaid(ran)?.status === 200) return Math.round(performance.now() - startedAt);
    if (!(await readState(container, signal)).running) throw new ProofFailure("it ended before it was healthy");
    await sleep(askEveryMs, undefined, { signal });
  }
}
