import type { BlobStore } from "#core/artifacts/blob-store.ts";
import type { Database } from "#core/database/client.ts";
import { isMigrated } from "#core/database/is-migrated.ts";
import { isSlipwayError } from "#core/errors.ts";
import { whyNoEngine } from "#core/images/engine/engine-answers.ts";
import { type Engine, openEngine } from "#core/images/engine/open-engine.ts";
import { checkRegistry } from "#core/images/registry-client/check-registry.ts";
import type { Registry } from "#core/registry.ts";
import { trustedBy } from "#core/registry-config.ts";
import { readWorkers } from "#core/work/workers.ts";
import { type Finding, type Part, watchPart, well } from "./watch-part.ts";

export interface Readiness {
  status: "ok" | "degraded" | "unavailable";
  parts: Part[];
}

/** One round of checks serves all who ask while it runs, and for this long after. */
const sharedForMs = 500;
const limitMs = 1_500;
/** Asked after the database has answered: the whole takes less than 2 s. */
const workersLimitMs = 400;
const hearsay = "shows when the database answers";

type Needs = Pick<Registry, "db" | "blobs" | "doorbell" | "config" | "log">;

/** Asks each part, all at once. Without the database or the store nothing can be served; without the others images have
 *  to wait. */
export function openReadiness({ db, blobs, doorbell, config, log }: Needs): () => Promise<Readiness> {
  const watch = (name: string, ask: () => Promise<Finding>) => watchPart(name, ask, { log, limitMs });
  const database = watch("database", () => checkDatabase(db));
  const artifacts = watch("artifacts", () => blobs.check().then(() => well));
  const space = watch("space", () => checkSpace(blobs));
  const queue = watch("queue", () => doorbell.ping().then(() => well));
  const registry = watch("registry", () => {
    const signal = AbortSignal.timeout(limitMs);
    const ca = trustedBy(config.registry.ca, config.ca);
    return checkRegistry({ ...config.registry, ca }, { signal }).then(() => well);
  });
  // Only where one is named: it may stand where the worker is, and only the packages that ask for it need it.
  const engine = config.engine.isNamed ? openEngine(config.engine) : null;
  const engines = engine === null ? [] : [watch("engine", () => checkEngine(engine).then(() => well))];
  const workers = watchPart("workers", () => checkWorkers(db), { log, limitMs: workersLimitMs, hearsay });
  // Workers report themselves in the database.
  const databaseAndWorkers = async (): Promise<[Part, Part]> => {
    const part = await database();
    return [
      part,
      part.status === "ok" ? await workers() : { name: "workers", status: "unknown", message: hearsay, since: null },
    ];
  };

  const check = async (): Promise<Readiness> => {
    const [[first, last], second, ...others] = await Promise.all([
      databaseAndWorkers(),
      artifacts(),
      queue(),
      registry(),
      space(),
      ...engines.map((ask) => ask()),
    ]);
    const vital = [first, second];
    const parts = [...vital, ...others, last];
    const isWell = ({ status }: Part) => status === "ok";
    return { status: parts.every(isWell) ? "ok" : vital.every(isWell) ? "degraded" : "unavailable", parts };
  };
  let round: Promise<Readiness> | null = null;
  return () => {
    round ??= check().finally(() =>
      setTimeout(() => {
        round = null;
      }, sharedForMs).unref(),
    );
    return round;
  };
}

async function checkDatabase(db: Database): Promise<Finding> {
  return (await isMigrated(db)) ? well : { down: true, message: "is not migrated: run prisma/migrate.ts" };
}

async function checkSpace(blobs: BlobStore): Promise<Finding> {
  try {
    await blobs.requireRoom(0);
    return well;
  } catch (error) {
    if (!isSlipwayError(error, "store_full")) throw error;
    return { down: true, message: "less is free for artifacts than is to be kept free: uploads are refused" };
  }
}

async function checkWorkers(db: Database): Promise<Finding> {
  const { working, message, since } = await readWorkers(db);
  return { down: !working, message, since };
}

async function checkEngine(engine: Engine): Promise<void> {
  const absence = await whyNoEngine(engine);
  if (absence !== null) throw new Error(absence);
}
