import type { Database } from "#core/database/client.ts";
import { type Event, eventColumns } from "#core/events/event.ts";
import { readHead } from "#core/events/numbering.ts";
import type { Registry } from "#core/registry.ts";
import { Prisma } from "#prisma/client/client.ts";
import { comparands, everyName, type NamePattern } from "./name-pattern.ts";
import { allows, type Grants } from "./roles.ts";
import { seenNames } from "./seen-names.ts";

export interface EventSearch {
  /** The number of the last event that is known; 0 for none. */
  after: number;
  model?: NamePattern | undefined;
  /** One kind, or the beginning of several: `tag.` */
  kind?: string | undefined;
  limit: number;
}

export interface EventPage {
  items: Event[];
  /** Where to go on: the number up to which everything was looked at. */
  after: number;
  /** The number of the last event that there is. */
  head: number;
}

/** Events that are looked at for one answer, however few of them fit. */
const looksAt = 20_000;

/** In the order of their numbers, which have no gaps: whoever goes on from `after` misses none and gets none twice. Of models
 *  that the grants let see; what is no model's is for whoever administers everything. */
export async function readEvents(
  { db }: Pick<Registry, "db">,
  { grants, after, limit, ...search }: EventSearch & { grants: Grants },
): Promise<EventPage> {
  const head = Number((await readHead(db, "events")).last); // first: what has a number up to here is there to be seen
  const until = Math.min(head, after + looksAt);
  const rows =
    until <= after
      ? []
      : await find(
          db,
          [Prisma.sql`e.sequence > ${after} AND e.sequence <= ${until}`, seenBy(grants), ...conditionsOf(search)],
          limit,
        );
  const last = rows.length === limit ? rows.at(-1)?.sequence : undefined;
  const mayRead = (model: string) => allows(grants, { right: "read", model });
  return {
    items: rows.map((event) => shownTo(mayRead, event)),
    after: last === undefined ? Math.max(after, until) : Number(last),
    head,
  };
}

function find(db: Database, conditions: readonly Prisma.Sql[], limit: number): Promise<Event[]> {
  return db.$queryRaw<Event[]>`
    SELECT ${eventColumns}
    FROM events e WHERE ${Prisma.join([...conditions], " AND ")} ORDER BY e.sequence LIMIT ${limit}`;
}

function seenBy(grants: Grants): Prisma.Sql {
  if (allows(grants, { right: "administer", model: null })) return Prisma.sql`true`;
  return Prisma.sql`e.model IS NOT NULL AND ${seenNames(grants, Prisma.sql`e.model`)}`;
}

function conditionsOf({ model, kind }: Pick<EventSearch, "model" | "kind">): Prisma.Sql[] {
  return [
    ...(model === undefined || model === everyName ? [] : [withinPattern(model)]),
    ...(kind === undefined
      ? []
      : [kind.endsWith(".") ? Prisma.sql`starts_with(e.kind, ${kind})` : Prisma.sql`e.kind = ${kind}`]),
  ];
}

function withinPattern(pattern: NamePattern): Prisma.Sql {
  const { names, beginnings } = comparands([pattern]);
  const [name] = names;
  return name === undefined ? Prisma.sql`starts_with(e.model, ${beginnings[0]})` : Prisma.sql`e.model = ${name}`;
}

/** A model that was renamed out of sight leaves its old name behind, and not its new one. */
export function shownTo(maySee: (model: string) => boolean, event: Event): Event {
  const { after } = event.data as { after?: { name?: unknown } };
  const isSeen = event.kind !== "model.updated" || typeof after?.name !== "string" || maySee(after.name);
  return isSeen ? event : { ...event, data: { ...event.data, after: null } };
}
