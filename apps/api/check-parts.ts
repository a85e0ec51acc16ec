import type { Database } from "#core/database/client.ts";
import { isMigrated } from "#core/database/is-migrated.ts";
import { messageOf } from "#core/errors.ts";
import { checkRegistry } from "#core/images/registry-client/check-registry.ts";
import type { Logger } from "#core/logger.ts";
import type { Registry } from "#core/registry.ts";

interface Part {
  name: string;
  status: "ok" | "down";
  message: string | null;
}

export interface Readiness {
  status: "ok" | "degraded" | "unavailable";
  parts: Part[];
}

const limitMs = 1_500;

type Needs = Pick<Registry, "db" | "blobs" | "doorbell" | "config" | "log">;

/** Asks each part, all at once, and waits no longer than 1.5 s for any. Without the database or the store
 *  nothing can be served; without the others images have to wait. */
export async function checkParts({ db, blobs, doorbell, config, log }: Needs): Promise<Readiness> {
  const [database, artifacts, queue, registry] = await Promise.all([
    check("database", () => checkDatabase(db), log),
    check("artifacts", () => blobs.check(), log),
    check("queue", () => doorbell.ping(), log),
    check("registry", () => checkRegistry(config.registry, { signal: AbortSignal.timeout(limitMs) }), log),
  ]);
  const parts = [database, artifacts, queue, registry];
  const vital = [database, artifacts].every((part) => part.status === "ok");
  const all = parts.every((part) => part.status === "ok");
  return { status: all ? "ok" : vital ? "degraded" : "unavailable", parts };
}

async function checkDatabase(db: Database): Promise<string | null> {
  return (await isMigrated(db)) ? null : "is not migrated: run prisma/migrate.ts";
}

/** A text that `ask` answers is what is wrong. What it throws is for the log: anybody may ask this. */
async function check(name: string, ask: () => PromiseLike<unknown>, log: Logger): Promise<Part> {
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`no answer within ${limitMs} ms`)), limitMs).unref();
  });
  try {
    const wrong = await Promise.race([ask(), late]);
    return typeof wrong === "string" ? { name, status: "down", message: wrong } : { name, status: "ok", message: null };
  } catch (error) {
    log.warn({ name, error: messageOf(error) }, "a part does not answer");
    return { name, status: "down", message: "does not answer; the log says why" };
  }
}
