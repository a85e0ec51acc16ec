import type { Registry } from "#core/registry.ts";
import type { Chore } from "#core/work/chores.ts";
import type { Blobs } from "./blobs.ts";
import { unownedObjects } from "./collect-objects.ts";
import { type Damage, pacer, type Verified, type VerifyOptions, verifyBlobs } from "./verify-blobs.ts";
import { type BrokenUpload, verifyUploads } from "./verify-uploads.ts";

/** What the store has and no row names. It costs space and does no harm: the collector removes it. */
export interface Leftover {
  what: "leftover";
  key: string;
  /** Null of an upload in parts. */
  sizeBytes: number | null;
  since: Date;
}

export type Finding = Damage | BrokenUpload | Leftover;

/** Holds rows and store against each other, both ways: every blob from `after` on, what was received of uploads in progress,
 *  and every object and upload in parts older than the grace time. Changes nothing; memory does not grow with what is stored. */
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
  const { bytesPerSecond, signal } = options;
  await verifyUploads(needs, { pace: pacer(bytesPerSecond, signal), signal, onBroken: onFinding });
  for await (const page of unownedObjects(needs))
    for (const { key, sizeBytes, since } of page) {
      signal.throwIfAborted();
      if (since.getTime() <= Date.now() - graceMs) onFinding({ what: "leftover", key, sizeBytes, since });
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
