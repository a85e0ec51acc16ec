import { SlipwayError } from "#core/errors.ts";

export interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

export interface PageRequest {
  cursor?: string | undefined;
  /** Items asked for; more than `largestPage` counts as that. */
  limit?: number | undefined;
}

export const largestPage = 100;
const defaultPage = 50;

export function pageSize(request: PageRequest): number {
  return Math.min(request.limit ?? defaultPage, largestPage);
}

/** Keyset paging: a cursor holds the key of the last item of the page before, in base64url (RFC 4648 §5).
 *  `list` names the order, so that a cursor of one list is not taken for another's. */
export function cursorOf(list: string, key: string): string {
  return Buffer.from(JSON.stringify([list, key])).toString("base64url");
}

/** Throws `invalid_cursor` for whatever `cursorOf` did not make for this list. */
export function keyOf(list: string, cursor: string | undefined): string | null {
  if (cursor === undefined) return null;
  const parsed = parse(cursor);
  if (Array.isArray(parsed) && parsed.length === 2 && parsed[0] === list && typeof parsed[1] === "string") {
    const key: string = parsed[1];
    // Whatever decodes to the same key but is not what we wrote is not ours; Postgres text holds no NUL.
    if (cursorOf(list, key) === cursor && key.isWellFormed() && !key.includes("\u0000")) return key;
  }
  throw invalidCursor();
}

export function invalidCursor(): SlipwayError {
  return new SlipwayError(
    "invalid_cursor",
    "this cursor is not one of this list: take nextCursor as it was given, or leave it out",
  );
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    return null;
  }
}

/** Cuts a page from rows of which one more than a page was read. */
export function pageOf<Row, Item>(
  list: string,
  rows: readonly Row[],
  size: number,
  key: (row: Row) => string,
  view: (row: Row) => Item,
): Page<Item> {
  const last = rows.length > size ? rows[size - 1] : undefined;
  return { items: rows.slice(0, size).map(view), nextCursor: last === undefined ? null : cursorOf(list, key(last)) };
}
