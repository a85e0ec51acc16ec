import type { Blobs } from "#core/artifacts/blobs.ts";
import type { Digest } from "#core/artifacts/digest.ts";
import { messageOf } from "#core/errors.ts";
import type { Prisma } from "#prisma/client/client.ts";
import { pythonMinorOf } from "../bases/base-source.ts";
import type { BuildContext } from "../image-builder.ts";
import { referToLayers, type StoredLayer } from "../layers/stored-layer.ts";
import type { Lock } from "../lock.ts";
import { seconds } from "../measures.ts";
import { withScratchFolder } from "../scratch-folder.ts";
import { shareWork } from "../shared-work.ts";
import { checkLock } from "./check-lock.ts";
import { type MadeRuntime, makeRuntime, type RuntimeNeeds, type RuntimeRequest } from "./make-runtime.ts";
import { lockedRuntimeKey, normaliseRequirements, runtimeKey } from "./runtime-key.ts";
import { keepWithin } from "./wheel-cache.ts";

/** Base, dependencies and Slipway runtime: what a package is laid upon. */
export interface Runtime {
  key: Digest;
  /** Base, dependencies, runtime: from the bottom up. */
  layers: StoredLayer[];
  lock: Lock;
  /** What had to be run to make it just now; null where nothing had, or it was known. */
  ran: MadeRuntime["ran"];
}

/** The runtime for a request: found, or made once. Layers first, row second; of two made at once the first row stays.
 *  What was made by resolution is found by the lock that it gave as well. */
export function ensureRuntime(
  needs: RuntimeNeeds,
): (request: Omit<RuntimeRequest, "root" | "slim">, root: RootOf, context: BuildContext) => Promise<Runtime> {
  const share = shareWork<Runtime>();
  return (request, rootOf, context) => {
    const requirements = normaliseRequirements([...request.requirements, ...request.source.requirements]);
    if (request.lock !== null) checkLock(request.lock, { ...request, requirements });
    // What is laid out by a lock is laid out as the lock says.
    const slim = request.lock === null ? needs.wheels.slim : request.lock.slim === true;
    const key =
      request.lock === null
        ? runtimeKey({
            ...(request.systemPackages.length === 0 ? {} : { system: request.systemPackages }),
            base: request.base.digest,
            platform: request.platform,
            python: pythonMinorOf(request.base),
            source: request.source.digest,
            ...(slim ? { slim } : {}),
            dependencies: { requirements, constraints: request.constraints },
          })
        : lockedRuntimeKey(request.lock);
    return share(key, context, async (shared) => {
      const known = await findRuntime(needs.db, key);
      if (known !== null) {
        shared.log(knownLine(known));
        return known;
      }
      const startedAt = performance.now();
      const root = await rootOf(shared);
      const made = await withScratchFolder(needs.scratchDir, "runtime", (folder) =>
        makeRuntime(needs, { ...request, root, requirements, slim }, folder, shared),
      );
      await keepWithin(needs.uv, needs.wheels.cacheBytes, shared).catch((error: unknown) =>
        shared.log(`the cache of wheels is left as it is: ${messageOf(error)}`),
      );
      await needs.db.$transaction(async (tx) => {
        await referToLayers(tx, made.layers);
        await tx.runtime.createMany({
          data: [...new Set([key, lockedRuntimeKey(made.lock)])].map((each) => ({
            key: each,
            lock: made.lock as unknown as Prisma.InputJsonObject,
            layers: made.layers as unknown as Prisma.InputJsonArray,
          })),
          skipDuplicates: true,
        });
      });
      shared.log(`runtime ${shortKey(key)}: made in ${seconds(startedAt)}`);
      return { ...((await findRuntime(needs.db, key)) ?? { key, ...made }), ran: made.ran };
    });
  };
}

type RootOf = (context: BuildContext) => Promise<string>;

export async function findRuntime(db: Blobs["db"], key: Digest): Promise<Runtime | null> {
  const row = await db.runtime.findUnique({ where: { key } });
  if (row === null) return null;
  return { key, lock: row.lock as unknown as Lock, layers: row.layers as unknown as StoredLayer[], ran: null };
}

/** A line of a build's log. */
export function knownLine({ key, lock }: Runtime): string {
  return `runtime ${shortKey(key)}: known, ${lock.requirements.length} packages`;
}

function shortKey(key: Digest): string {
  return key.slice("sha256:".length, "sha256:".length + 12);
}
