/**
 * The names in a ZIP archive, from its central directory, which lies at the end and tells ZIP's many kinds apart.
 *
 *     central directory   (PK\1\2 … name length @28, extra length @30, comment length @32, … name @46)*
 *     zip64 end record    PK\6\6 … directory size @40, directory offset @48     where the next one has all ones
 *     end record          PK\5\6 … directory size @12, directory offset @16 … at most 64 KiB of comment
 *
 * Source: PKWARE APPNOTE.TXT 4.3.12, 4.3.14 and 4.3.16.
 */
import { type ByteSource, readUpTo } from "./byte-source.ts";

const endSignature = Buffer.from("PK\x05\x06", "latin1");
const zip64EndSignature = Buffer.from("PK\x06\x06", "latin1");
const entrySignature = 0x02014b50;
const tailBytes = 128 * 1024;
/** Enough for some ten thousand entries; a kind shows in fewer. */
const largestDirectory = 1024 * 1024;

/** Empty where the archive is damaged. */
export async function zipEntries(source: ByteSource): Promise<string[]> {
  const tail = await readUpTo(source, Math.max(0, source.sizeBytes - tailBytes), tailBytes);
  const { offset, sizeBytes } = directoryIn(tail);
  return [...namesIn(await readUpTo(source, offset, Math.min(sizeBytes, largestDirectory)))];
}

function directoryIn(tail: Buffer): { offset: number; sizeBytes: number } {
  const zip64 = tail.lastIndexOf(zip64EndSignature);
  if (zip64 !== -1 && zip64 + 56 <= tail.length)
    return { sizeBytes: Number(tail.readBigUInt64LE(zip64 + 40)), offset: Number(tail.readBigUInt64LE(zip64 + 48)) };
  const end = tail.lastIndexOf(endSignature);
  if (end === -1 || end + 22 > tail.length) return { offset: 0, sizeBytes: 0 };
  return { sizeBytes: tail.readUInt32LE(end + 12), offset: tail.readUInt32LE(end + 16) };
}

function* namesIn(directory: Buffer): Generator<string> {
  for (let at = 0; at + 46 <= directory.length && directory.readUInt32LE(at) === entrySignature; ) {
    const nameBytes = directory.readUInt16LE(at + 28);
    yield directory.toString("utf8", at + 46, at + 46 + nameBytes);
    at += 46 + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
}
