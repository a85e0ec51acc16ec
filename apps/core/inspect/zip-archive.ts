/**
 * What lies in a ZIP archive, from its central directory, which lies at the end and tells ZIP's many kinds apart.
 *
 *     local header        PK\3\4 … name length @26, extra length @28, name @30, extra, then the entry's bytes
 *     central directory   (PK\1\2 … method @10, compressed size @20, size @24, name length @28, extra length @30,
 *                         comment length @32, offset of the local header @42, name @46, extra: ZIP64 is field 1)*
 *     zip64 end record    PK\6\6 … directory size @40, directory offset @48     where the next one has all ones
 *     end record          PK\5\6 … directory size @12, directory offset @16 … at most 64 KiB of comment
 *
 * Source: PKWARE APPNOTE.TXT 4.3.7, 4.3.12, 4.3.14, 4.3.16 and 4.5.3.
 */
import { inflateRawSync } from "node:zlib";
import { type ByteSource, readUpTo } from "./byte-source.ts";
import { Unreadable } from "./unreadable.ts";

export interface ZipEntry {
  name: string;
  /** 0 stored, 8 deflated. */
  method: number;
  compressedBytes: number;
  sizeBytes: number;
  /** Of the local header. */
  offset: number;
}

const endSignature = Buffer.from("PK\x05\x06", "latin1");
const zip64EndSignature = Buffer.from("PK\x06\x06", "latin1");
const entrySignature = 0x02014b50;
const localSignature = 0x04034b50;
const allOnes = 0xffffffff;
const tailBytes = 128 * 1024;
/** Enough for some ten thousand entries; a kind shows in fewer. */
const largestDirectory = 1024 * 1024;

/** Empty where the archive is damaged. */
export async function zipEntries(source: ByteSource): Promise<ZipEntry[]> {
  const tail = await readUpTo(source, Math.max(0, source.sizeBytes - tailBytes), tailBytes);
  const { offset, sizeBytes } = directoryIn(tail);
  return [...entriesIn(await readUpTo(source, offset, Math.min(sizeBytes, largestDirectory)))];
}

/** The bytes of the one entry of this name, inflated where they are deflated; null where there is none. Throws
 *  `Unreadable`, also for one that is larger than `limitBytes`: what an entry says of its size is not believed. */
export async function readZipEntry(
  source: ByteSource,
  entries: readonly ZipEntry[],
  name: string,
  limitBytes: number,
): Promise<Buffer | null> {
  const [entry, ...others] = entries.filter((candidate) => candidate.name === name);
  if (entry === undefined) return null;
  if (others.length > 0) throw new Unreadable(`is a ZIP archive that holds ${name} twice`);
  if (entry.sizeBytes > limitBytes || entry.compressedBytes > limitBytes) throw tooLarge(name, limitBytes);
  const header = await readUpTo(source, entry.offset, 30);
  if (header.length < 30 || header.readUInt32LE() !== localSignature) throw damaged(name);
  const start = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  const bytes = await readUpTo(source, start, entry.compressedBytes);
  if (bytes.length < entry.compressedBytes) throw damaged(name);
  if (entry.method === 0) return bytes;
  if (entry.method !== 8)
    throw new Unreadable(`is a ZIP archive whose ${name} is compressed by method ${entry.method}`);
  try {
    return inflateRawSync(bytes, { maxOutputLength: limitBytes });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE")
      throw tooLarge(name, limitBytes);
    throw damaged(name);
  }
}

function tooLarge(name: string, limitBytes: number): Unreadable {
  return new Unreadable(
    `is a ZIP archive whose ${name} is larger than ${limitBytes / 1024 ** 2} MiB, too large to inspect`,
  );
}

function damaged(name: string): Unreadable {
  return new Unreadable(`is a ZIP archive whose ${name} is damaged: is the upload complete?`);
}

function directoryIn(tail: Buffer): { offset: number; sizeBytes: number } {
  const zip64 = tail.lastIndexOf(zip64EndSignature);
  if (zip64 !== -1 && zip64 + 56 <= tail.length)
    return { sizeBytes: Number(tail.readBigUInt64LE(zip64 + 40)), offset: Number(tail.readBigUInt64LE(zip64 + 48)) };
  const end = tail.lastIndexOf(endSignature);
  if (end === -1 || end + 22 > tail.length) return { offset: 0, sizeBytes: 0 };
  return { sizeBytes: tail.readUInt32LE(end + 12), offset: tail.readUInt32LE(end + 16) };
}

function* entriesIn(directory: Buffer): Generator<ZipEntry> {
  for (let at = 0; at + 46 <= directory.length && directory.readUInt32LE(at) === entrySignature; ) {
    const nameEnd = at + 46 + directory.readUInt16LE(at + 28);
    const extraEnd = nameEnd + directory.readUInt16LE(at + 30);
    const field = (offset: number) => directory.readUInt32LE(at + offset);
    const large = largeFields(directory.subarray(nameEnd, extraEnd));
    const value = (given: number) => (given === allOnes ? (large.shift() ?? given) : given);
    // In the order in which ZIP64 has them.
    const sizeBytes = value(field(24));
    const compressedBytes = value(field(20));
    const offset = value(field(42));
    const name = directory.toString("utf8", at + 46, nameEnd);
    yield { name, method: directory.readUInt16LE(at + 10), compressedBytes, sizeBytes, offset };
    at = extraEnd + directory.readUInt16LE(at + 32);
  }
}

/** The 64-bit numbers of an entry's ZIP64 field. */
function largeFields(extra: Buffer): number[] {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue;
    const body = extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2));
    return Array.from({ length: Math.floor(body.length / 8) }, (_, index) => Number(body.readBigUInt64LE(index * 8)));
  }
  return [];
}

/** A name that more than one entry has: readers differ in which of them they take. */
export function repeatedEntry(entries: readonly ZipEntry[]): string | null {
  const seen = new Set<string>();
  for (const { name } of entries) {
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return null;
}
