import { openRegistries } from "#core/images/registries/open-registries.ts";
import type { Registry } from "#core/registry.ts";
import { nearDoorbell } from "#core/work/near-doorbell.ts";
import type { Doorbell } from "#core/work/queue.ts";
import { tagWork } from "./request-sync.ts";
import { bringingTags } from "./sync-tag.ts";

/** A doorbell of a process that moves tags: it brings them to their registries itself, right after the commit. Copies, and what a
 *  registry does not take at once, are left to the workers. */
export function tagDoorbell(
  doorbell: Doorbell,
  needs: Pick<Registry, "db" | "config" | "log">,
  worker: string,
): Doorbell {
  const registries = openRegistries(needs);
  const near = nearDoorbell(doorbell, needs, {
    handlers: { [tagWork]: bringingTags({ ...needs, registries }) },
    worker,
  });
  return {
    ...near,
    async close() {
      await near.close();
      await registries.close();
    },
  };
}
