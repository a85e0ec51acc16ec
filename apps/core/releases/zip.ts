/*
 * A zip archive in one fixed way (PKWARE APPNOTE 6.3.10): the same entries give the same bytes, whose number is known before
 * the first is read. Methods and times are the same for all.
 *
 *   archive    = entries, central records, [zip64 end + locator], end
 *   entry      = local header, name, [zip64 field], deflate (stored-deflate.ts), descriptor
 *   descriptor = signature, CRC-32, compressed size, size: known when the bytes have passed; sizes of 8 bytes in zip64
 *
 * zip64 alone where a size or an offset has no room in 4 bytes.
 */
import { storedDeflate, storedSizeBytes } from "./stored-deflate.ts";

export interface ZipEntry {
  /** Relative, with `/` between. */
  path: string;
  sizeBytes: number;
  executable?: boolean;
  /** Yields exactly `sizeBytes` bytes. */
  open(): Promise<AsyncIterable<Uint8Array>>;
}

const noRoom = 0xffff_ffff;
const method = { deflate: 8 };
const flags = 0x0008 | 0x0800; // a descriptor follows; names are UTF-8
const versions = { plain: 20, zip64: 45 };
const madeBy = (3 << 8) | versions.zip64; // Unix, for the attributes
const attributes = { plain: 0o100644 * 2 ** 16, executable: 0o100755 * 2 ** 16 };
const date = (1 << 5) | 1; // 1980-01-01, the first there is

interface Placed {
  name: Buffer;
  executable: boolean;
  sizeBytes: number;
  storedBytes: number;
  offset: number;
  isLarge: boolean;
}

/** Size of the archive in bytes. */
export function zipSizeBytes(entries: readonly ZipEntry[]): number {
  const placed = place(entries);
  const directoryBytes = placed.reduce((sum, entry) => sum + centralRecord(entry, 0).length, 0);
  const offset = endOf(placed.at(-1));
  return offset + directoryBytes + end({ count: placed.length, directoryBytes, offset }).length;
}

export async function* zip(entries: readonly ZipEntry[]): AsyncGenerator<Uint8Array> {
  const placed = place(entries);
  const directory: Buffer[] = [];
  for (const [index, entry] of placed.entries()) {
    yield localHeader(entry);
    const chunks = await (entries[index] as ZipEntry).open();
    const crc = yield* storedDeflate(chunks, entry.sizeBytes);
    yield descriptor(entry, crc);
    directory.push(centralRecord(entry, crc));
  }
  const directoryBytes = directory.reduce((sum, record) => sum + record.length, 0);
  yield* directory;
  yield end({ count: placed.length, directoryBytes, offset: endOf(placed.at(-1)) });
}

function place(entries: readonly ZipEntry[]): Placed[] {
  let offset = 0;
  return entries.map(({ path, sizeBytes, executable = false }) => {
    const storedBytes = storedSizeBytes(sizeBytes);
    const isLarge = storedBytes >= noRoom;
    const placed = { name: Buffer.from(path), executable, sizeBytes, storedBytes, offset, isLarge };
    offset = endOf(placed);
    return placed;
  });
}

function endOf(entry: Placed | undefined): number {
  if (entry === undefined) return 0;
  return entry.offset + localHeader(entry).length + entry.storedBytes + descriptor(entry, 0).length;
}

/** Sizes and CRC-32 are the descriptor's; a large entry says by its zip64 field that that one has sizes of 8 bytes. */
function localHeader({ name, isLarge }: Placed): Buffer {
  const sizes = isLarge ? noRoom : 0;
  const extra = isLarge ? zip64Field([0, 0]) : Buffer.alloc(0);
  return Buffer.concat([
    u32(0x04034b50),
    ...[isLarge ? versions.zip64 : versions.plain, flags, method.deflate, 0, date].map(u16),
    ...[0, sizes, sizes].map(u32),
    ...[name.length, extra.length].map(u16),
    name,
    extra,
  ]);
}

function descriptor({ sizeBytes, storedBytes, isLarge }: Placed, crc: number): Buffer {
  return Buffer.concat([u32(0x08074b50), u32(crc), ...[storedBytes, sizeBytes].map(isLarge ? u64 : u32)]);
}

function centralRecord({ name, executable, sizeBytes, storedBytes, offset, isLarge }: Placed, crc: number): Buffer {
  const large = [...(isLarge ? [sizeBytes, storedBytes] : []), ...(offset >= noRoom ? [offset] : [])];
  const extra = large.length === 0 ? Buffer.alloc(0) : zip64Field(large);
  const needed = large.length === 0 ? versions.plain : versions.zip64;
  return Buffer.concat([
    u32(0x02014b50),
    ...[madeBy, needed, flags, method.deflate, 0, date].map(u16),
    ...[crc, isLarge ? noRoom : storedBytes, isLarge ? noRoom : sizeBytes].map(u32),
    ...[name.length, extra.length, 0, 0, 0].map(u16),
    ...[executable ? attributes.executable : attributes.plain, Math.min(offset, noRoom)].map(u32),
    name,
    extra,
  ]);
}

function zip64Field(values: readonly number[]): Buffer {
  return Buffer.concat([u16(0x0001), u16(8 * values.length), ...values.map(u64)]);
}

function end({ count, directoryBytes, offset }: { count: number; directoryBytes: number; offset: number }): Buffer {
  const plain = Buffer.concat([
    u32(0x06054b50),
    ...[0, 0, Math.min(count, 0xffff), Math.min(count, 0xffff)].map(u16),
    ...[Math.min(directoryBytes, noRoom), Math.min(offset, noRoom)].map(u32),
    u16(0),
  ]);
  if (count < 0xffff && directoryBytes < noRoom && offset < noRoom) return plain;
  return Buffer.concat([
    u32(0x06064b50),
    u64(44), // of what follows in this record
    ...[madeBy, versions.zip64].map(u16),
    ...[0, 0].map(u32),
    ...[count, count, directoryBytes, offset].map(u64),
    u32(0x07064b50),
    u32(0),
    u64(offset + directoryBytes),
    u32(1),
    plain,
  ]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
