import type { Database } from "#core/database/client.ts";
import { zeroId } from "#core/database/ids.ts";
import { lockModel } from "#core/models/model.ts";
import type { Registry } from "#core/registry.ts";
import type { Chore } from "#core/work/chores.ts";
import { ringAll } from "#core/work/queue.ts";
import { Prisma } from "#prisma/client/client.ts";
import { requestSync } from "./request-sync.ts";
import { tagPlaces } from "./tag-places.ts";

const everyMs = 10_000;
const atOnce = 100;

interface TagToFollow {
  modelId: string;
  tag: string;
}

/** Has tags copied to, and removed from, other registries as policies have it since: one that is set or ended moves no tag, and those
 *  that it is about may be thousands. What a release before this one has left behind is followed in the same way. */
export function followPoliciesChore({ db, doorbell }: Pick<Registry, "db" | "doorbell">): Chore {
  return {
    kind: "follow-policies",
    everyMs,
    async run(_, signal, log) {
      let followed = 0;
      for (let page = await behind(db, null); page.length > 0; page = await behind(db, page.at(-1) ?? null))
        for (const { modelId, tag } of page) {
          signal.throwIfAborted();
          const due = await db.$transaction(async (tx) => {
            await lockModel(tx, modelId);
            const now = await tx.tag.findUniqueOrThrow({ where: { modelId_name: { modelId, name: tag } } });
            return requestSync(tx, { modelId, tag }, now.versionId);
          });
          await ringAll(doorbell, due);
          followed += 1;
        }
      if (followed > 0) log.info({ followed }, "tags are copied as policies have it now");
    },
  };
}

/** Tags whose copies are others than they should be, after `last`. Whether there can be any is asked first, of all and of each: most
 *  have none, and it is asked often. */
async function behind(db: Database, last: TagToFollow | null): Promise<TagToFollow[]> {
  const policiesCopy = Prisma.sql`
    EXISTS (SELECT FROM policies WHERE ended_at IS NULL AND jsonb_array_length(rules -> 'copyTo') > 0)`;
  return db.$queryRaw<TagToFollow[]>`
    SELECT t.model_id AS "modelId", t.name AS tag
    FROM tags t JOIN models m ON m.id = t.model_id JOIN versions v ON v.id = t.version_id JOIN images i ON i.id = v.image_id
    WHERE m.deleted_at IS NULL AND (t.model_id, t.name) > (${last?.modelId ?? zeroId}::uuid, ${last?.tag ?? ""})
      AND (EXISTS (SELECT FROM tag_syncs WHERE copy) OR EXISTS (SELECT FROM images WHERE origin <> 'built')
           OR ${policiesCopy})
      AND (i.origin <> 'built' OR (t.model_id, t.name) IN (SELECT model_id, tag FROM tag_syncs WHERE copy)
           OR ${policiesCopy})
      AND ARRAY(SELECT w.registry FROM (${tagPlaces(Prisma.sql`t.model_id`, Prisma.sql`t.name`)}) w WHERE w.copy ORDER BY 1)
          <> ARRAY(SELECT s.registry FROM tag_syncs s
                   WHERE s.model_id = t.model_id AND s.tag = t.name AND s.copy ORDER BY 1)
    ORDER BY t.model_id, t.name LIMIT ${atOnce}`;
}
