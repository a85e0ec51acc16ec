/**
 * Walks a protobuf message where it lies, without reading the fields that no one asks for: a model's weights can be
 * gibibytes.
 *
 *     message = (tag value)*      tag = varint(field number << 3 | wire type)
 *     wire type 0 varint · 1 eight bytes · 2 varint length, then that many bytes · 5 four bytes
 *
 * Source: protobuf.dev/programming-guides/encoding.
 */
import { ByteCursor, rangeFeed } from "./byte-cursor.ts";
import type { ByteSource } from "./byte-source.ts";
import { Unreadable } from "./unreadable.ts";
import { windowed } from "./windowed-source.ts";

/** Where a message or a length-delimited field lies in its file. */
export interface Span {
  start: number;
  end: number;
}

type Field = { number: number } & ({ value: bigint } | { span: Span });

export interface ProtobufReader {
  /** Calls `take` for each field of a message in order. Fixed-width fields are passed over. Throws `Unreadable`. */
  fields(message: Span, take: (field: Field) => Promise<void> | void): Promise<void>;
  /** The UTF-8 text of a field. Throws `Unreadable` where it is too long to be a name. */
  text(field: Span): Promise<string>;
}

/** About ten seconds of work, and more than any model that was seen has. */
const mostFields = 20_000_000;
const longestText = 512;

export function protobufReader(file: ByteSource): ProtobufReader {
  const source = windowed(file);
  let countFields = 0;
  return {
    async fields(message, take) {
      const cursor = new ByteCursor(rangeFeed(source, message.start, message.end), message.start);
      while (cursor.position < message.end) {
        countFields += 1;
        if (countFields > mostFields)
          throw new Unreadable(`has more than ${mostFields} protobuf fields, too many to inspect`);
        const field = await readField(cursor, message.end);
        if (field === null) continue;
        await take(field);
        if ("span" in field) await cursor.skip(field.span.end - field.span.start);
      }
    },
    async text({ start, end }) {
      if (end - start > longestText)
        throw new Unreadable(`has a name of ${end - start} bytes at byte ${start}, too long to inspect`);
      return end > start ? (await source.read({ start, end: end - 1 })).toString("utf8") : "";
    },
  };
}

/** Null for a fixed-width field, which is passed over; of a span only the length is read. */
async function readField(cursor: ByteCursor, messageEnd: number): Promise<Field | null> {
  const at = cursor.position;
  const tag = Number(await varint(cursor));
  const number = Math.floor(tag / 8);
  if (number === 0) throw new Unreadable(`is no valid protobuf: field number 0 at byte ${at}`);
  switch (tag % 8) {
    case 0:
      return { number, value: await varint(cursor) };
    case 1:
      await cursor.skip(8);
      return null;
    case 2: {
      const length = Number(await varint(cursor));
      const span = { start: cursor.position, end: cursor.position + length };
      if (span.end > messageEnd)
        throw new Unreadable(
          `ends at byte ${messageEnd}, in the middle of a field that begins at byte ${at}: is the upload complete?`,
        );
      return { number, span };
    }
    case 5:
      await cursor.skip(4);
      return null;
    default:
      throw new Unreadable(`is no valid protobuf: wire type ${tag % 8} at byte ${at}`);
  }
}

async function varint(cursor: ByteCursor): Promise<bigint> {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    if (cursor.available === 0) await cursor.need(1);
    const byte = cursor.uint8();
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return BigInt.asUintN(64, value);
  }
  throw new Unreadable(`is no valid protobuf: a number longer than ten bytes before byte ${cursor.position}`);
}
