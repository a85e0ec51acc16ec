import { setTimeout as sleep } from "node:timers/promises";
import { lowestIdAt } from "#core/database/ids.ts";
import type { Registry } from "#core/registry.ts";
import type { Chore } from "#core/work/chores.ts";

const keptMs = 30 * 86_400_000;
const atOnce = 5_000;

/** Removes the log of what was sent a month ago; what waits stays. */
export function pruneChore({ db }: Pick<Registry, "db">): Chore {
  return {
    kind: "webhook-log",
    everyMs: 86_400_000,
    async run(_turn, signal) {
      const oldest = lowestIdAt(new Date(Date.now() - keptMs));
      for (let removed = atOnce; removed === atOnce; await sleep(100, undefined, { signal })) {
        removed = await db.$executeRaw`
          DELETE FROM webhook_deliveries WHERE id IN (
            SELECT id FROM webhook_deliveries WHERE id < ${oldest}::uuid AND status <> 'waiting' ORDER BY id LIMIT ${atOnce})`;
      }
    },
  };
}
