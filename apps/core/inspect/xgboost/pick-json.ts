import type { ByteCursor } from "../byte-cursor.ts";
import { Unreadable } from "../unreadable.ts";
import { mostKeptBytes, tooMuchKept, type Wanted, wantedOf } from "./wanted.ts";

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Reads the wanted members of a JSON document (RFC 8259) to its end, however large what lies between them is: of that
 *  only the brackets are counted. Throws `Unreadable`. */
export async function pickJson(cursor: ByteCursor, wanted: Wanted): Promise<unknown> {
  const value = await readValue(cursor, wanted, { bytes: 0 });
  await passBlanks(cursor, false);
  if (await cursor.has(1)) throw new Unreadable(`is no valid JSON: more follows its end at byte ${cursor.position}`);
  return value;
}

interface Budget {
  bytes: number;
}

async function readValue(cursor: ByteCursor, wanted: Wanted | undefined, budget: Budget): Promise<unknown> {
  await passBlanks(cursor, true);
  if (wanted === undefined) return passValue(cursor, null);
  if (wanted === true || cursor.peek() !== openBrace) return keepValue(cursor, budget);
  cursor.uint8();
  const members: Record<string, unknown> = {};
  for (let isFirst = true; ; isFirst = false) {
    await passBlanks(cursor, true);
    if (isFirst && cursor.peek() === closeBrace) break;
    const key = String(await keepValue(cursor, budget));
    await passBlanks(cursor, true);
    if (cursor.uint8() !== colon) throw invalid(cursor);
    const inner = wantedOf(wanted, key);
    const value = await readValue(cursor, inner, budget);
    if (inner !== undefined) members[key] = value;
    await passBlanks(cursor, true);
    if (cursor.peek() === closeBrace) break;
    if (cursor.uint8() !== comma) throw invalid(cursor);
  }
  cursor.uint8();
  return members;
}

async function keepValue(cursor: ByteCursor, budget: Budget): Promise<unknown> {
  const bytes: number[] = [];
  await passValue(cursor, (byte) => {
    bytes.push(byte);
    budget.bytes += 1;
    if (budget.bytes > mostKeptBytes) throw tooMuchKept();
  });
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    throw invalid(cursor);
  }
}

/** Passes over a value, whose first byte is next. */
async function passValue(cursor: ByteCursor, take: ((byte: number) => void) | null): Promise<undefined> {
  let depth = 0;
  let isText = false;
  for (;;) {
    if (cursor.available === 0 && !(await cursor.has(1))) {
      if (depth === 0 && !isText) return undefined;
      throw cursor.endedEarly();
    }
    const byte = cursor.peek();
    if (!isText && depth === 0 && endsScalar(byte)) return undefined;
    cursor.uint8();
    take?.(byte);
    if (isText) {
      if (byte === backslash) {
        if (cursor.available === 0) await cursor.need(1);
        const escaped = cursor.uint8();
        take?.(escaped);
      } else if (byte === quote) {
        isText = false;
        if (depth === 0) return undefined;
      }
    } else if (byte === quote) isText = true;
    else if (byte === openBrace || byte === openBracket) depth += 1;
    else if (byte === closeBrace || byte === closeBracket) {
      depth -= 1;
      if (depth === 0) return undefined;
    }
  }
}

function endsScalar(byte: number): boolean {
  return byte === comma || byte === closeBrace || byte === closeBracket || byte === colon || byte <= 0x20;
}

async function passBlanks(cursor: ByteCursor, isNeeded: boolean): Promise<void> {
  for (;;) {
    if (cursor.available === 0 && !(await cursor.has(1))) {
      if (isNeeded) throw cursor.endedEarly();
      return;
    }
    if (cursor.peek() > 0x20) return;
    cursor.uint8();
  }
}

function invalid(cursor: ByteCursor): Unreadable {
  return new Unreadable(`is no valid JSON before byte ${cursor.position}`);
}
