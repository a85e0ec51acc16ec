import type { ByteRange } from "#core/artifacts/blob-store.ts";
import { SlipwayError } from "#core/errors.ts";

/** The one range that a `Range` header asks for, or null for all bytes (RFC 9110 §14.1.2 and §14.2): what is no range of
 *  bytes is passed over, and one that goes past the end means as far as there is. Throws `range_not_satisfiable` for
 *  several, and for one that has no byte in it. */
export function byteRange(header: string, sizeBytes: number): ByteRange | null {
  const [, set] = /^bytes=(.*)$/i.exec(header) ?? [];
  if (set === undefined) return null;
  const [, first, last, suffix] = /^\s*(?:(\d+)-(\d*)|-(\d+))\s*$/.exec(set) ?? [];
  if (first === undefined && suffix === undefined) {
    if (/^[\s\d-]+(?:,[\s\d-]+)+$/.test(set)) throw notSatisfiable(sizeBytes);
    return null;
  }
  const start = first === undefined ? Math.max(0, sizeBytes - Number(suffix)) : Number(first);
  const end = last === undefined || last === "" ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  if (last !== undefined && last !== "" && Number(last) < start) return null;
  if (start > end) throw notSatisfiable(sizeBytes);
  return { start, end };
}

function notSatisfiable(sizeBytes: number): SlipwayError {
  return new SlipwayError("range_not_satisfiable", `the file has ${sizeBytes} bytes: ask for one range inside them`);
}
