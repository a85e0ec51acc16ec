/**
 * The attributes of an HDF5 file's root group that hold one text, read without the file's data:
 *
 *     superblock 0, 1   \x89HDF\r\n\x1a\n, version @8, size of offsets @13, of lengths @14; @24 (1: @28) base address,
 *                       free space, end of file, driver, then the root's entry: name, object header
 *     superblock 2, 3   …, version @8, size of offsets @9, of lengths @10; @12 base address, extension, end of file,
 *                       object header
 *     object header 1   version 1, messages @2, size @8; @16 (type 2, size 2, flags 1, 3 unused, data)*
 *     object header 2   OHDR, version 2, flags @5 (1–0 width of the size, 2 order, 4 phases, 5 times), size,
 *                       (type 1, size 2, flags 1, order 2?, data)*; goes on in OCHK
 *     message 16        goes on at: offset, length
 *     message 12        an attribute: version, name size @2, datatype size @4, dataspace size @6, then these, then data;
 *                       version 1 pads each to 8 bytes, version 3 has one byte more before them
 *     global heap       GCOL, version, size @8; @16 (index 2, references 2, 4 unused, size, data padded to 8)*
 *
 * What else a file can do (attributes in a heap of their own, shared types) is passed over: such attributes are not found.
 *
 * Source: HDF5 File Format Specification 3.0, II.A, III.E, IV.A.1, IV.A.2.m, IV.A.2.q.
 */
import { type ByteSource, readUpTo } from "../byte-source.ts";
import { Unreadable } from "../unreadable.ts";
import { windowed } from "../windowed-source.ts";

/** What is read of one file at most. */
const mostBlocks = 64;
const mostMessages = 10_000;
const mostHeapObjects = 100_000;
const largestBlock = 1024 * 1024;
export const largestText = 8 * 1024 * 1024;

interface File {
  bytes(at: number, length: number): Promise<Buffer>;
  /** Bytes of an offset, and of a length. */
  offsetBytes: number;
  lengthBytes: number;
}

/** Texts by name. Throws `Unreadable` where the bytes are no complete HDF5 file, and for a text that is too long. */
export async function rootAttributes(source: ByteSource): Promise<ReadonlyMap<string, string>> {
  const { file, root } = await openFile(windowed(source));
  const attributes = new Map<string, string>();
  for await (const { type, data } of messagesAt(file, root)) {
    if (type !== 12) continue;
    const attribute = attributeIn(data);
    const text = attribute && (await textOf(file, attribute));
    if (attribute && text != null) attributes.set(attribute.name, text);
  }
  return attributes;
}

async function openFile(source: ByteSource): Promise<{ file: File; root: number }> {
  const head = await readUpTo(source, 0, 128);
  const version = head[8] ?? 255;
  if (head.length < 96 || version > 3)
    throw new Unreadable(`is an HDF5 file that cannot be read: superblock ${version}`);
  const isOld = version < 2;
  const offsetBytes = head[isOld ? 13 : 9] ?? 0;
  const lengthBytes = head[isOld ? 14 : 10] ?? 0;
  if (!isWidth(offsetBytes) || !isWidth(lengthBytes)) throw damaged(8);
  const file: File = {
    offsetBytes,
    lengthBytes,
    async bytes(at, length) {
      const found = await readUpTo(source, at, length);
      if (found.length < length) throw damaged(at);
      return found;
    },
  };
  const first = isOld ? (version === 0 ? 24 : 28) : 12;
  const offset = (index: number) => integer(head, first + index * offsetBytes, offsetBytes);
  if (offset(0) !== 0) throw new Unreadable("is an HDF5 file that begins within another, which cannot be read");
  const end = offset(2);
  if (end > source.sizeBytes)
    throw new Unreadable(`has ${source.sizeBytes} of its ${end} bytes: is the upload complete?`);
  return { file, root: offset(isOld ? 5 : 3) };
}

interface Message {
  type: number;
  data: Buffer;
}

async function* messagesAt(file: File, at: number): AsyncGenerator<Message> {
  const isNew = (await file.bytes(at, 4)).toString("latin1") === "OHDR";
  const blocks = [isNew ? await firstBlock(file, at) : await firstOldBlock(file, at)];
  let countMessages = 0;
  for (let block = 0; block < blocks.length && block < mostBlocks; block += 1) {
    const { start, sizeBytes, hasOrder } = blocks[block] as Block;
    if (sizeBytes > largestBlock) throw damaged(start);
    const bytes = await file.bytes(start, sizeBytes);
    for (const message of isNew ? newMessages(bytes, hasOrder) : oldMessages(bytes)) {
      countMessages += 1;
      if (countMessages > mostMessages) throw new Unreadable("has too many messages in its root to inspect");
      if (message.type === 16 && message.data.length >= file.offsetBytes + file.lengthBytes)
        blocks.push(nextBlock(file, message.data, isNew, hasOrder));
      else yield message;
    }
  }
}

interface Block {
  start: number;
  sizeBytes: number;
  hasOrder: boolean;
}

async function firstOldBlock(file: File, at: number): Promise<Block> {
  const head = await file.bytes(at, 16);
  if (head[0] !== 1) throw damaged(at);
  return { start: at + 16, sizeBytes: head.readUInt32LE(8), hasOrder: false };
}

async function firstBlock(file: File, at: number): Promise<Block> {
  const flags = (await file.bytes(at, 6))[5] ?? 0;
  const start = at + 6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0);
  const width = 1 << (flags & 3);
  const sizeBytes = integer(await file.bytes(start, width), 0, width);
  return { start: start + width, sizeBytes, hasOrder: (flags & 4) !== 0 };
}

/** A new one begins with OCHK and ends with a checksum. */
function nextBlock({ offsetBytes, lengthBytes }: File, data: Buffer, isNew: boolean, hasOrder: boolean): Block {
  const start = integer(data, 0, offsetBytes);
  const sizeBytes = integer(data, offsetBytes, lengthBytes);
  return isNew ? { start: start + 4, sizeBytes: sizeBytes - 8, hasOrder } : { start, sizeBytes, hasOrder };
}

function* oldMessages(block: Buffer): Generator<Message> {
  for (let at = 0; at + 8 <= block.length; ) {
    const end = at + 8 + block.readUInt16LE(at + 2);
    yield { type: block.readUInt16LE(at), data: block.subarray(at + 8, end) };
    at = end;
  }
}

function* newMessages(block: Buffer, hasOrder: boolean): Generator<Message> {
  const head = hasOrder ? 6 : 4;
  for (let at = 0; at + head <= block.length; ) {
    const end = at + head + block.readUInt16LE(at + 1);
    yield { type: block[at] ?? 0, data: block.subarray(at + head, end) };
    at = end;
  }
}

interface Attribute {
  name: string;
  datatype: Buffer;
  data: Buffer;
}

/** Null for one whose type or shape lies elsewhere. */
function attributeIn(message: Buffer): Attribute | null {
  const [version = 0, flags = 0] = message;
  if (message.length < 9 || version < 1 || version > 3 || (version > 1 && flags !== 0)) return null;
  const padded = (size: number) => (version === 1 ? Math.ceil(size / 8) * 8 : size);
  let at = version === 3 ? 9 : 8;
  const next = (size: number) => {
    const part = message.subarray(at, at + size);
    at += padded(size);
    return part;
  };
  const name = next(message.readUInt16LE(2)).toString("utf8").replace(/\0.*$/s, "");
  const datatype = next(message.readUInt16LE(4));
  next(message.readUInt16LE(6));
  return { name, datatype, data: message.subarray(at) };
}

/** Class 3 is a text of fixed length, class 9 with 1 in its bits one of variable length, in a heap. */
async function textOf(file: File, { datatype, data }: Attribute): Promise<string | null> {
  if (datatype.length < 8) return null;
  const kind = (datatype[0] ?? 0) & 0x0f;
  if (kind === 3) return data.subarray(0, datatype.readUInt32LE(4)).toString("utf8").replace(/\0.*$/s, "");
  const isText = kind === 9 && ((datatype[1] ?? 0) & 0x0f) === 1;
  if (!isText || data.length < 8 + file.offsetBytes) return null;
  const length = data.readUInt32LE();
  if (length === 0) return "";
  const heap = integer(data, 4, file.offsetBytes);
  return fromHeap(file, heap, data.readUInt32LE(4 + file.offsetBytes), length);
}

async function fromHeap(file: File, heap: number, index: number, length: number): Promise<string> {
  const head = await file.bytes(heap, 8 + file.lengthBytes);
  if (head.toString("latin1", 0, 4) !== "GCOL") throw damaged(heap);
  const end = heap + integer(head, 8, file.lengthBytes);
  const objectHead = 8 + file.lengthBytes;
  let at = heap + 8 + file.lengthBytes;
  for (let count = 0; count < mostHeapObjects && at + objectHead <= end; count += 1) {
    const object = await file.bytes(at, objectHead);
    const sizeBytes = integer(object, 8, file.lengthBytes);
    if (object.readUInt16LE() === index) {
      if (length > sizeBytes) throw damaged(at);
      if (length > largestText)
        throw new Unreadable(`has an attribute of more than ${largestText / 1024 ** 2} MiB, too large to inspect`);
      return (await file.bytes(at + objectHead, length)).toString("utf8");
    }
    if (object.readUInt16LE() === 0) break;
    at += objectHead + Math.ceil(sizeBytes / 8) * 8;
  }
  throw damaged(heap);
}

function integer(bytes: Buffer, at: number, width: number): number {
  if (at + width > bytes.length) throw damaged(at);
  return width === 8 ? Number(bytes.readBigUInt64LE(at)) : bytes.readUIntLE(at, width);
}

function isWidth(width: number): boolean {
  return width === 2 || width === 4 || width === 8;
}

function damaged(at: number): Unreadable {
  return new Unreadable(`is an HDF5 file that is damaged at byte ${at}: is the upload complete?`);
}
