import { type Collected, collectGarbage } from "#core/artifacts/collect-garbage.ts";
import { messageOf } from "#core/errors.ts";
import type { Registry } from "#core/registry.ts";
import { expireUploads } from "#core/uploads/expire-uploads.ts";
import { forgetUploads } from "#core/uploads/forget-uploads.ts";
import type { Chore } from "#core/work/chores.ts";
import { dropFiles } from "./drop-files.ts";
import { dropRemains } from "./drop-remains.ts";
import { expireDrafts } from "./expire-drafts.ts";

type Needs = Pick<Registry, "db" | "blobs"> & { config: Pick<Registry["config"], "keeping"> };

export interface CleanedUp extends Collected {
  expiredUploads: number;
  expiredDrafts: number;
  /** Sealed ones of deleted models. */
  droppedVersions: number;
}

/** Ends what has expired, and what deleted models have left, then removes all bytes that nothing has referred to for longer than the grace time. */
export async function cleanUp(needs: Needs, signal: AbortSignal): Promise<CleanedUp> {
  const expiredUploads = await expireUploads(needs, signal);
  const expiredDrafts = await expireDrafts(needs, signal);
  const droppedVersions = await dropRemains(needs, signal);
  await forgetUploads(needs, signal);
  await dropFiles(needs, signal);
  const { graceMs } = needs.config.keeping;
  return { expiredUploads, expiredDrafts, droppedVersions, ...(await collectGarbage(needs, { graceMs, signal })) };
}

export function collectChore(needs: Needs): Chore {
  return {
    kind: "collect",
    everyMs: needs.config.keeping.collectEveryMs,
    async run(_, signal, log) {
      const { fault, ...done } = await cleanUp(needs, signal);
      if (fault === null) log.info(done, "garbage is collected");
      else
        log.warn({ ...done, error: messageOf(fault) }, "not all garbage could be removed; the next round tries again");
    },
  };
}
