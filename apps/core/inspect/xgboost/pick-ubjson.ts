/**
 * Universal Binary JSON, draft 12, as XGBoost writes it. A marker, then the value, numbers with the large end first:
 *
 *     Z null · T F · i U I l L integers of 1 1 2 4 8 bytes · d D floats of 4 8 · C a character
 *     S and H, then a length, then bytes             a length is an integer with its marker
 *     [ values ]       [# length, values             [$ marker # length, values without their markers
 *     { (length, key bytes, value)* }                and with # and $ likewise
 *
 * Source: ubjson.org.
 */
import type { ByteCursor } from "../byte-cursor.ts";
import { Unreadable } from "../unreadable.ts";
import { mostKeptBytes, tooMuchKept, type Wanted, wantedOf } from "./wanted.ts";

const deepestLevel = 64;
const longestKey = 1024;
/** A few seconds of work; what is long in a model lies in typed arrays, which count as one. */
const mostValues = 20_000_000;
/** Bytes of a number by its marker. */
const numberBytes: Record<string, number> = { i: 1, U: 1, I: 2, l: 4, L: 8, d: 4, D: 8, C: 1 };

/** Reads the wanted members of a document to its end, and passes over the rest. Throws `Unreadable`. */
export async function pickUbjson(cursor: ByteCursor, wanted: Wanted): Promise<unknown> {
  return readValue(cursor, await marker(cursor), wanted, { level: 0, budget: { bytes: 0, values: 0 } });
}

interface Place {
  level: number;
  budget: { bytes: number; values: number };
}

async function readValue(cursor: ByteCursor, kind: string, wanted: Wanted | undefined, place: Place): Promise<unknown> {
  if (place.level > deepestLevel) throw new Unreadable(`nests deeper than ${deepestLevel} levels`);
  place.budget.values += 1;
  if (place.budget.values > mostValues) throw new Unreadable(`has more than ${mostValues} values, too many to inspect`);
  const size = numberBytes[kind];
  if (size !== undefined) return readNumber(cursor, kind, size);
  switch (kind) {
    case "Z":
      return null;
    case "T":
      return true;
    case "F":
      return false;
    case "S":
    case "H":
      return readText(cursor, await length(cursor), wanted, place);
    case "[":
      return readArray(cursor, wanted, { ...place, level: place.level + 1 });
    case "{":
      return readObject(cursor, wanted, { ...place, level: place.level + 1 });
    default:
      throw invalid(cursor);
  }
}

async function readNumber(cursor: ByteCursor, kind: string, size: number): Promise<number | string> {
  if (cursor.available < size) await cursor.need(size);
  const bytes = cursor.take(size);
  if (kind === "d") return bytes.readFloatBE();
  if (kind === "D") return bytes.readDoubleBE();
  if (kind === "L") return Number(bytes.readBigInt64BE());
  if (kind === "C") return bytes.toString("latin1");
  return kind === "U" ? bytes.readUInt8() : bytes.readIntBE(0, size);
}

async function readText(
  cursor: ByteCursor,
  size: number,
  wanted: Wanted | undefined,
  { budget }: Place,
): Promise<string | null> {
  if (wanted === undefined) {
    await cursor.skip(size);
    return null;
  }
  budget.bytes += size;
  if (budget.bytes > mostKeptBytes) throw tooMuchKept();
  await cursor.need(size);
  return cursor.take(size).toString("utf8");
}

async function readArray(cursor: ByteCursor, wanted: Wanted | undefined, place: Place): Promise<unknown> {
  const { type, count } = await header(cursor);
  const size = type === null ? undefined : numberBytes[type];
  if (wanted === undefined && size !== undefined && count !== null) {
    await cursor.skip(size * count);
    return null;
  }
  const items: unknown[] = [];
  for (let index = 0; count === null || index < count; index += 1) {
    const kind = type ?? (await marker(cursor));
    if (kind === "]" && count === null) break;
    const item = await readValue(cursor, kind, wanted, place);
    if (wanted === undefined) continue;
    place.budget.bytes += 1;
    if (place.budget.bytes > mostKeptBytes) throw new Unreadable("holds a list that is too long to inspect");
    items.push(item);
  }
  return items;
}

async function readObject(cursor: ByteCursor, wanted: Wanted | undefined, place: Place): Promise<unknown> {
  const { type, count } = await header(cursor);
  const members: Record<string, unknown> = {};
  for (let index = 0; count === null || index < count; index += 1) {
    if (count === null && (await peek(cursor)) === "}") {
      cursor.uint8();
      break;
    }
    const keyBytes = await length(cursor);
    if (keyBytes > longestKey) throw invalid(cursor);
    await cursor.need(keyBytes);
    const key = cursor.take(keyBytes).toString("utf8");
    const inner = wanted === true ? true : wantedOf(wanted, key);
    const value = await readValue(cursor, type ?? (await marker(cursor)), inner, place);
    if (inner !== undefined) members[key] = value;
  }
  return members;
}

/** What stands before the values of an array or object: the type of all of them, and how many there are. */
async function header(cursor: ByteCursor): Promise<{ type: string | null; count: number | null }> {
  let type: string | null = null;
  if ((await peek(cursor)) === "$") {
    cursor.uint8();
    type = await marker(cursor);
    if ((await peek(cursor)) !== "#") throw invalid(cursor);
  }
  if ((await peek(cursor)) !== "#") return { type, count: null };
  cursor.uint8();
  const count = await length(cursor);
  // Values of no bytes at all would cost the file nothing.
  if (type !== null && numberBytes[type] === undefined && !"S[{".includes(type)) throw invalid(cursor);
  return { type, count };
}

async function length(cursor: ByteCursor): Promise<number> {
  const kind = await marker(cursor);
  const size = "iUIlL".includes(kind) ? numberBytes[kind] : undefined;
  const count = size === undefined ? -1 : await readNumber(cursor, kind, size);
  if (typeof count !== "number" || count < 0) throw invalid(cursor);
  return count;
}

/** The next marker that says something: `N` is a filler. */
async function marker(cursor: ByteCursor): Promise<string> {
  for (;;) {
    if (cursor.available === 0) await cursor.need(1);
    const byte = cursor.uint8();
    if (byte !== 0x4e) return String.fromCharCode(byte);
  }
}

async function peek(cursor: ByteCursor): Promise<string> {
  if (cursor.available === 0) await cursor.need(1);
  return String.fromCharCode(cursor.peek());
}

function invalid(cursor: ByteCursor): Unreadable {
  return new Unreadable(`is no valid UBJSON before byte ${cursor.position}`);
}
