import type { Registry } from "#core/registry.ts";
import type { Chore } from "#core/work/chores.ts";
import type { Blobs } from "./blobs.ts";
import { unownedObjects } from "./collect-objects.ts";
import { type Damage, type Verified, type VerifyOptions, verifyBlobs } from "./verify-blobs.ts";

/** What the store has and no row names. It costs space and does no harm: the collector removes it. */
export interface Leftover {
  what: "leftover";
  key: string;
  sizeBytes: number;
  since: Date;
}

export type Finding = Damage | Leftover;

/** Holds rows and store against each other, both ways: every blob from `after` on, and every object older than the grace
 *  time. Changes nothing; memory does not grow with what is stored. */
export async function verifyArtifacts(
  needs: Blobs,
  {
    after = "",
    graceMs,
    onFinding,
    ...options
  }: Omit<VerifyOptions, "between" | "onDamage"> & {
    after?: string;
    graceMs: number;
    onFinding(finding: Finding): void;
  },
): Promise<Verified> {
  const verified = await verifyBlobs(needs, { ...options, between: { after, before: "" }, onDamage: onFinding });
  for await (const page of unownedObjects(needs))
    for (const { key, sizeBytes, since } of page) {
      options.signal.throwIfAborted();
      if (sizeBytes !== null && since.getTime() <= Date.now() - graceMs)
        onFinding({ what: "leftover", key, sizeBytes, since });
    }
  return verified;
}

/** A slice is all digests that begin with the same byte. */
const slices = 256;

/** A slice at a time, so that all that is stored is verified once in the time that is set, however often workers are started
 *  anew. A slice whose worker was killed comes again with the next round. */
export function verifyChore({ db, blobs, config }: Pick<Registry, "db" | "blobs" | "config">): Chore {
  const { verifyAllMs, verifyBytesPerSecond: bytesPerSecond } = config.keeping;
  return {
    kind: "verify",
    everyMs: verifyAllMs / slices,
    async run(turn, signal, log) {
      const slice = (turn % slices).toString(16).padStart(2, "0");
      const between = { after: `sha256:${slice}`, before: `sha256:${slice}g` };
      let damaged = 0;
      const onDamage = (damage: Damage) => {
        damaged += 1;
        log.error(damage, `stored bytes are ${damage.what}: ${damage.digest}`);
      };
      const verified = await verifyBlobs({ db, blobs }, { between, bytesPerSecond, signal, onDamage });
      log.info({ slice, damaged, ...verified }, "a slice of what is stored is verified");
    },
  };
}
