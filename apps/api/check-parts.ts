import { access, constants } from "node:fs/promises";
import { messageOf } from "#core/errors.ts";
import { checkRegistry } from "#core/images/registry-client/check-registry.ts";
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

/** Asks each part, all at once, and waits no longer than 1.5 s for any. Without the database or the store
 *  nothing can be served; without the others images have to wait. */
export async function checkParts({
  db,
  doorbell,
  config,
}: Pick<Registry, "db" | "doorbell" | "config">): Promise<Readiness> {
  const vital = await Promise.all([
    check("database", () => db.$queryRaw`SELECT 1`),
    check("artifacts", () => access(config.artifacts.dir, constants.R_OK | constants.W_OK)),
  ]);
  const others = await Promise.all([
    check("queue", () => doorbell.ping()),
    check("registry", () => checkRegistry(config.registry, { signal: AbortSignal.timeout(limitMs) })),
  ]);
  const down = (parts: readonly Part[]) => parts.some((part) => part.status === "down");
  return { status: down(vital) ? "unavailable" : down(others) ? "degraded" : "ok", parts: [...vital, ...others] };
}

async function check(name: string, ask: () => PromiseLike<unknown>): Promise<Part> {
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`no answer within ${limitMs} ms`)), limitMs).unref();
  });
  try {
    await Promise.race([ask(), late]);
    return { name, status: "ok", message: null };
  } catch (error) {
    return { name, status: "down", message: messageOf(error) };
  }
}
