/*
 * One block of a tar archive that says what follows it (POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar
 * manual, "Basic Tar Format"):
 *
 *   0 name 100 · 124 size 12 · 148 checksum 8 · 156 typeflag 1 · 257 magic 6 · 263 version 2 · 345 prefix 155
 *
 *   ustar   magic "ustar\0", the name is prefix/name
 *   GNU     magic "ustar ", the prefix's place holds other things; sizes past 8 GiB are in base 256
 */

export const blockBytes = 512;

/** What an entry is: a file, a folder, words about the next entry, or whatever a version does not hold, by name. */
export type EntryKind =
  | "file"
  | "folder"
  | "pax header"
  | "global pax header"
  | "long name"
  | "long link"
  | { refused: string };

export interface TarHeader {
  name: string;
  kind: EntryKind;
  /** Of the content that follows; a folder has none, and what stands here is room to set aside for it. */
  sizeBytes: number;
}

/** What is wrong with an archive, as a sentence without its subject. */
export class TarFault extends Error {}

/** Null for a block of zeros. Throws TarFault. */
export function readHeader(block: Buffer): TarHeader | null {
  if (isZero(block)) return null;
  if (readNumber(block.subarray(148, 156), "checksum") !== checksum(block))
    throw new TarFault("a header's checksum is wrong: what is there is no tar, or was damaged on its way");
  const magic = block.toString("latin1", 257, 263);
  if (magic !== "ustar\0" && magic !== "ustar ")
    throw new TarFault("a header is of neither the POSIX nor the GNU form: write the archive with --format=pax");
  const prefix = magic === "ustar\0" ? terminatedName(block.subarray(345, 500)) : "";
  const last = terminatedName(block.subarray(0, 100));
  const name = prefix === "" ? last : `${prefix}/${last}`;
  const sizeBytes = readNumber(block.subarray(124, 136), "size");
  return { name, kind: kindOf(String.fromCharCode(block.readUInt8(156)), name, sizeBytes), sizeBytes };
}

/** In large pieces, since an archive may end with any number of zeros. */
export function isZero(bytes: Buffer): boolean {
  for (let start = 0; start < bytes.length; start += zeros.length) {
    const piece = bytes.subarray(start, start + zeros.length);
    if (!piece.equals(zeros.subarray(0, piece.length))) return false;
  }
  return true;
}

const zeros = Buffer.alloc(64 * 1024);

/** Throws TarFault where the bytes are no UTF-8. */
export function nameFrom(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new TarFault("a name in it is no UTF-8");
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** As C keeps text: to the first NUL. */
export function terminatedName(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return nameFrom(end === -1 ? bytes : bytes.subarray(0, end));
}

function kindOf(flag: string, name: string, sizeBytes: number): EntryKind {
  const kind = kinds[flag];
  if (kind === undefined) return { refused: `an entry of the unknown type ${JSON.stringify(flag)}` };
  // Archives older than POSIX tell folders by their name.
  if (kind !== "file" || !name.endsWith("/")) return kind;
  return sizeBytes === 0 ? "folder" : { refused: "a folder with a content" };
}

const kinds: Record<string, EntryKind> = {
  "\0": "file",
  "0": "file",
  "1": { refused: "a hard link" },
  "2": { refused: "a symbolic link" },
  "3": { refused: "a character device" },
  "4": { refused: "a block device" },
  "5": "folder",
  "6": { refused: "a named pipe" },
  "7": "file",
  D: { refused: "a GNU list of a folder" },
  K: "long link",
  L: "long name",
  M: { refused: "a part of a file from another volume" },
  S: { refused: "a sparse file" },
  V: { refused: "a volume's label" },
  g: "global pax header",
  x: "pax header",
};

/** Octal digits between spaces and NULs, or base 256 behind a byte 0x80. */
function readNumber(field: Buffer, what: string): number {
  if ((field.readUInt8(0) & 0x80) !== 0) return readBase256(field, what);
  const digits = field.toString("latin1").replace(/^[ \0]+|[ \0]+$/g, "");
  if (!/^[0-7]*$/.test(digits)) throw new TarFault(`a header's ${what} is no number`);
  return Number.parseInt(digits === "" ? "0" : digits, 8);
}

function readBase256(field: Buffer, what: string): number {
  if (field.readUInt8(0) !== 0x80) throw new TarFault(`a header's ${what} is negative`);
  const value = BigInt(`0x${field.toString("hex", 1)}`);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new TarFault(`a header's ${what} is beyond measure`);
  return Number(value);
}

/** The sum of all bytes, those of the checksum itself taken as spaces. */
function checksum(block: Buffer): number {
  let sum = 8 * 0x20;
  for (const [index, byte] of block.entries()) if (index < 148 || index >= 156) sum += byte;
  return sum;
}
