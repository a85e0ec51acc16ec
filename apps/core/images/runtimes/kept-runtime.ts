import type { Blobs } from "#core/artifacts/blobs.ts";
import type { Base } from "../bases/base-source.ts";
import type { Lock } from "../lock.ts";
import { findRuntime, type Runtime } from "./ensure-runtime.ts";
import { lockedRuntimeKey } from "./runtime-key.ts";

/** The base and the runtime that a lock names, where this instance has made them once: their layers are kept. So what was
 *  made by it is made again after the instance has got another base, or Slipway another runtime. */
export async function findKept(
  { db }: Pick<Blobs, "db">,
  lock: Lock,
): Promise<{ base: Base; runtime: Runtime } | null> {
  const { source, digest } = lock.base;
  const [kept] = await db.$queryRaw<{ record: Base }[]>`
    SELECT record FROM bases WHERE record->>'source' = ${source} AND record->>'digest' = ${digest} LIMIT 1`;
  if (kept === undefined) return null;
  const runtime = await findRuntime(db, lockedRuntimeKey(lock));
  return runtime === null ? null : { base: kept.record, runtime };
}
