/*
 * What a pax header holds (POSIX.1-2017, pax, "pax Extended Header"), one record after another:
 *
 *   "%d %s=%s\n"    the record's own length in bytes, a keyword, a value in UTF-8
 */
import { nameFrom, TarFault } from "./tar-header.ts";

/** What is said of the next entry in place of its header; an empty value takes nothing's place. */
export interface PaxOverrides {
  name?: string;
  sizeBytes?: number;
}

/** Throws TarFault for a record that is none, and for a sparse file: its content here is a map and pieces. */
export function readPax(bytes: Buffer): PaxOverrides {
  const overrides: PaxOverrides = {};
  for (const [keyword, value] of records(bytes)) {
    if (keyword.startsWith("GNU.sparse.") || keyword === "SCHILY.realsize")
      throw new TarFault("it holds a sparse file: write it without --sparse");
    if (value.length === 0) continue;
    if (keyword === "path") overrides.name = nameFrom(value);
    if (keyword === "size") overrides.sizeBytes = sizeFrom(value);
  }
  return overrides;
}

/** Values of other keywords may be bytes of any kind. */
function* records(bytes: Buffer): Generator<[string, Buffer]> {
  for (let start = 0; start < bytes.length; ) {
    const [, digits = ""] = /^([1-9]\d{0,8}) /.exec(bytes.toString("latin1", start, start + 10)) ?? [];
    const end = start + Number(digits);
    const record = bytes.subarray(start + digits.length + 1, end - 1);
    const equals = record.indexOf("=");
    if (digits === "" || end > bytes.length || bytes[end - 1] !== newline || equals < 1)
      throw new TarFault("a record of a pax header is none");
    yield [record.toString("latin1", 0, equals), record.subarray(equals + 1)];
    start = end;
  }
}

const newline = 0x0a;

function sizeFrom(value: Buffer): number {
  const digits = value.toString("latin1");
  const size = /^\d{1,16}$/.test(digits) ? Number(digits) : Number.NaN;
  if (!Number.isSafeInteger(size)) throw new TarFault("a size in a pax header is no number of bytes");
  return size;
}
