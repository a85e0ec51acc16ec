import { buildWork } from "#core/builds/build.ts";
import { buildHandler } from "#core/builds/run-build.ts";
import { openEngine } from "#core/images/engine/open-engine.ts";
import type { ImageBuilder } from "#core/images/image-builder.ts";
import { openPublisher } from "#core/images/publish-image.ts";
import { openRegistries } from "#core/images/registries/open-registries.ts";
import { promotionWork } from "#core/promotion/promotion.ts";
import { promotionHandler } from "#core/promotion/promotion-handler.ts";
import { tagWork } from "#core/promotion/request-sync.ts";
import { tagHandler } from "#core/promotion/sync-tag.ts";
import { proofWork, proveWhenReady } from "#core/proofs/proof.ts";
import { proofHandler } from "#core/proofs/run-proof.ts";
import type { Registry } from "#core/registry.ts";
import { removalWork } from "#core/upkeep/begin-removal.ts";
import { removalHandler } from "#core/upkeep/run-removal.ts";
import { uploadWork } from "#core/uploads/finish-upload.ts";
import { uploadHandler } from "#core/uploads/verify-upload.ts";
import { answerDoorbell } from "#core/work/queue.ts";
import { reconcile, runWork, type WorkHandlers } from "#core/work/run-work.ts";
import { whenDone } from "./when-done.ts";

export interface TestWorker {
  /** Ends as a worker does at SIGTERM. */
  end(): Promise<void>;
}

/** A worker in this process, on the service's own database and queue, ended with the file or `describe`. */
export function testWorker(registry: Registry, builder: ImageBuilder, name = "test-worker"): TestWorker {
  const ending = new AbortController();
  const registries = openRegistries(registry);
  const publisher = openPublisher(registries);
  const handlers: WorkHandlers = {
    [buildWork]: buildHandler({
      ...registry,
      builder,
      publisher,
      registries,
      whenReady: proveWhenReady(registry.config.proof),
    }),
    [proofWork]: proofHandler({ ...registry, builder, registries, engine: openEngine(registry.config.engine) }),
    [uploadWork]: uploadHandler(registry),
    [removalWork]: removalHandler({ ...registry, registries }),
    [tagWork]: tagHandler({ ...registry, registries }),
    [promotionWork]: promotionHandler(registry),
  };
  const options = { handlers, worker: name, ending: ending.signal };
  const answering = answerDoorbell(registry.config.queue, { atOnce: 4, log: registry.log }, (workId) =>
    runWork(registry, workId, options),
  );
  const reconciling = reconcile(registry, handlers, ending.signal);
  const end = async () => {
    ending.abort();
    await Promise.all([reconciling, answering.close(2_000)]);
    await registries.close();
  };
  whenDone(end);
  return { end };
}
