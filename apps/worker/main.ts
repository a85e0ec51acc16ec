import { setMaxListeners } from "node:events";
import { mkdir } from "node:fs/promises";
import { hostname } from "node:os";
import { openBlobStore } from "#core/artifacts/open-blob-store.ts";
import { verifyChore } from "#core/artifacts/verify-artifacts.ts";
import { runSequencer } from "#core/audit/run-sequencer.ts";
import { buildWork } from "#core/builds/build.ts";
import { buildHandler } from "#core/builds/run-build.ts";
import { openDatabase } from "#core/database/client.ts";
import { newId } from "#core/database/ids.ts";
import { openEngine } from "#core/images/engine/open-engine.ts";
import { openBuilder } from "#core/images/open-builder.ts";
import { openPublisher } from "#core/images/publish-image.ts";
import { openRegistries } from "#core/images/registries/open-registries.ts";
import { makeLogger } from "#core/logger.ts";
import { checkTagsChore } from "#core/promotion/check-tags.ts";
import { followPoliciesChore } from "#core/promotion/follow-policies.ts";
import { promotionWork } from "#core/promotion/promotion.ts";
import { promotionHandler } from "#core/promotion/promotion-handler.ts";
import { tagWork } from "#core/promotion/request-sync.ts";
import { tagHandler } from "#core/promotion/sync-tag.ts";
import { tagDoorbell } from "#core/promotion/tag-doorbell.ts";
import { proofWork, proveWhenReady } from "#core/proofs/proof.ts";
import { proofHandler } from "#core/proofs/run-proof.ts";
import { redactor } from "#core/redact.ts";
import { collectChore } from "#core/releases/clean-up.ts";
import { retentionChore } from "#core/upkeep/apply-retention.ts";
import { removalWork } from "#core/upkeep/begin-removal.ts";
import { checkChore } from "#core/upkeep/check-images.ts";
import { removalHandler } from "#core/upkeep/run-removal.ts";
import { uploadWork } from "#core/uploads/finish-upload.ts";
import { uploadHandler } from "#core/uploads/verify-upload.ts";
import { addDeliveries } from "#core/webhooks/add-deliveries.ts";
import { pruneChore } from "#core/webhooks/prune-deliveries.ts";
import { runDeliveries } from "#core/webhooks/run-deliveries.ts";
import { makeBell } from "#core/work/bell.ts";
import { doChores } from "#core/work/chores.ts";
import { keepPulse } from "#core/work/pulse.ts";
import { answerDoorbell, hearChanges, openDoorbell } from "#core/work/queue.ts";
import { reconcile, runWork, type WorkHandlers } from "#core/work/run-work.ts";
import { configOrExit, endOnSignal, orExit, provenOrExit } from "../main-process.ts";
import { answerLiveness } from "./liveness.ts";
import { sweepLeftovers } from "./sweep.ts";

const drainMs = 6_000;

const config = configOrExit();
const log = makeLogger({ level: config.logLevel, part: "worker", redact: redactor(config) });
for (const folder of [config.scratchDir, config.cacheDir]) await mkdir(folder, { recursive: true });
const db = openDatabase(config.database);
await provenOrExit({ db, config, log });
const blobs = openBlobStore(config.artifacts);
const self = { id: newId(), name: `${hostname()}:${process.pid}` };
const doorbell = tagDoorbell(openDoorbell(config.queue, log), { db, config, log }, self.name);
const registries = openRegistries({ db, config });
const publisher = openPublisher(registries);
const engine = openEngine(config.engine);
const builder = openBuilder({ db, blobs, config, registries, engine, environment: process.env });

const ending = new AbortController();
// Each chore and handler listens to it.
setMaxListeners(0, ending.signal);
const handlers: WorkHandlers = {
  [buildWork]: buildHandler({
    db,
    config,
    log,
    doorbell,
    builder,
    publisher,
    registries,
    whenReady: proveWhenReady(config.proof),
  }),
  [proofWork]: proofHandler({ db, config, log, doorbell, engine, builder, registries }),
  [uploadWork]: uploadHandler({ db, blobs }),
  [removalWork]: removalHandler({ db, config, log, registries }),
  [tagWork]: tagHandler({ db, config, registries }),
  [promotionWork]: promotionHandler({ db, doorbell, config }),
};
const options = { handlers, worker: self.name, ending: ending.signal };
const answering = answerDoorbell(config.queue, { atOnce: config.work.atOnce, log }, (workId) =>
  runWork({ db, doorbell, config, log }, workId, options),
);
const reconciling = reconcile({ db, doorbell, config, log }, handlers, ending.signal);
const sweeping = sweepLeftovers({ config, log, db, engine }, ending.signal);
const chores = [
  collectChore({ db, blobs, config }),
  verifyChore({ db, blobs, config }),
  checkChore({ db, config, registries }),
  checkTagsChore({ db, config, doorbell, registries }),
  followPoliciesChore({ db, doorbell }),
  retentionChore({ db, doorbell, config }),
  pruneChore({ db }),
];
const tidying = doChores({ db, doorbell, config, log }, chores, { worker: self.name, ending: ending.signal });
const changes = makeBell();
const deaf = hearChanges(config.queue, changes.ring);
const waiting = makeBell();
const numbering = { bell: changes, onNumbered: addDeliveries, afterNumbered: waiting.ring };
const sequencing = runSequencer({ db, log }, numbering, ending.signal);
const sending = runDeliveries({ db, doorbell, config, log }, { worker: self.name, bell: waiting }, ending.signal);
const pulse = keepPulse({ db, config, log }, { self, answering }, ending.signal);
const health = { host: config.http.host, port: config.work.healthPort };
const liveness = health.port === 0 ? null : await orExit(answerLiveness(health, pulse), health, "SLIPWAY_WORKER_PORT");
log.info({ atOnce: config.work.atOnce }, "worker ready");

endOnSignal(log, drainMs + 1_000, async () => {
  ending.abort();
  deaf();
  await Promise.all([reconciling, sweeping, tidying, sequencing, sending, pulse.ended, answering.close(drainMs)]);
  liveness?.close();
  blobs.close();
  await Promise.all([doorbell.close(), registries.close(), db.$disconnect()]);
});
