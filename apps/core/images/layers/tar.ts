/*
 * A layer's bytes are part of what Slipway promises: the same entries give the same digest in every version of
 * Slipway and Node. So the archive is written here, in one fixed way, and not by a library that may change.
 *
 *   entry    = [pax header + pax records] ustar header + content, each padded to 512 bytes   (POSIX.1-2017, pax)
 *   archive  = entries, sorted by path, then 1,024 zero bytes
 *
 * Owner and group 0, no names, time 0. A pax record only where ustar has no room: a path or link target over
 * 100 bytes or not ASCII, a file of 8 GiB or more.
 */
import { Readable } from "node:stream";

export type TarEntry =
  | { type: "folder"; path: string; mode?: number }
  | { type: "symlink"; path: string; target: string }
  | {
      type: "file";
      path: string;
      executable: boolean;
      sizeBytes: number;
      /** Yields exactly `sizeBytes` bytes, the same each time. */
      open(): AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array> | Iterable<Uint8Array>>;
    };

/** Raised when the same entries give other bytes, so that digests that were kept are not taken for theirs. */
export const tarLayout = 1;

const blockBytes = 512;
const endBytes = 2 * blockBytes;
const chunkBytes = 1024 * 1024;
const largestUstarSize = 8 * 1024 ** 3 - 1;
const typeFlags = { file: "0", symlink: "2", folder: "5", pax: "x" } as const;

/** Size of the archive in bytes, known before anything is read. */
export function tarSizeBytes(entries: readonly TarEntry[]): number {
  return entries.reduce(
    (sum, entry) => sum + headersOf(entry).length + (entry.type === "file" ? padded(entry.sizeBytes) : 0),
    endBytes,
  );
}

/** The archive as a stream that holds one chunk at a time. Entries come in the order given: see `sortEntries`. */
export function tarStream(entries: readonly TarEntry[]): Readable {
  return Readable.from(inLargeChunks(archive(entries)), { objectMode: false, highWaterMark: chunkBytes });
}

/** What stands before and after the bytes of the last entry, a file, where no other entry has any. */
export function tarFrame(entries: readonly TarEntry[]): { before: Buffer; after: Buffer } {
  const last = entries.at(-1);
  if (last?.type !== "file" || entries.slice(0, -1).some(({ type }) => type === "file"))
    throw new Error("an archive has a frame where its last entry, and no other, is a file");
  const paddingBytes = padded(last.sizeBytes) - last.sizeBytes;
  return { before: Buffer.concat(entries.map(headersOf)), after: Buffer.alloc(paddingBytes + endBytes) };
}

/** Parents before what is in them, and one order for all machines (by UTF-16 code unit). */
export function sortEntries(entries: readonly TarEntry[]): TarEntry[] {
  return [...entries].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

/** A small file that is in memory already. */
export function bytesEntry(path: string, content: string | Buffer): TarEntry {
  const bytes = Buffer.from(content);
  return { type: "file", path, executable: false, sizeBytes: bytes.length, open: async () => [bytes] };
}

/** The entries of all folders between `below` (left out) and the files. */
export function parentFolders(paths: Iterable<string>, below: string): TarEntry[] {
  const folders = new Set<string>();
  for (const path of paths)
    for (let end = path.lastIndexOf("/"); end > below.length; end = path.lastIndexOf("/", end - 1))
      folders.add(path.slice(0, end));
  return [...folders].map((path) => ({ type: "folder", path }));
}

async function* archive(entries: readonly TarEntry[]): AsyncGenerator<Uint8Array> {
  for (const entry of entries) {
    yield headersOf(entry);
    if (entry.type !== "file") continue;
    let writtenBytes = 0;
    for await (const chunk of await entry.open()) {
      writtenBytes += chunk.length;
      if (writtenBytes > entry.sizeBytes) break;
      yield chunk;
    }
    if (writtenBytes !== entry.sizeBytes)
      throw new Error(`${entry.path} should have ${entry.sizeBytes} bytes, and has ${writtenBytes}`);
    const padding = padded(entry.sizeBytes) - entry.sizeBytes;
    if (padding > 0) yield Buffer.alloc(padding);
  }
  yield Buffer.alloc(endBytes);
}

/** Every stage of a pipeline costs by the chunk, and headers and small files are tiny ones. */
export async function* inLargeChunks(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  for await (const piece of pieces) {
    held.push(piece);
    heldBytes += piece.length;
    if (heldBytes < chunkBytes) continue;
    yield held.length === 1 ? piece : Buffer.concat(held, heldBytes);
    held = [];
    heldBytes = 0;
  }
  if (heldBytes > 0) yield Buffer.concat(held, heldBytes);
}

function headersOf(entry: TarEntry): Buffer {
  const path = entry.type === "folder" ? `${entry.path}/` : entry.path;
  const target = entry.type === "symlink" ? entry.target : "";
  const sizeBytes = entry.type === "file" ? entry.sizeBytes : 0;
  const records: string[] = [];
  if (!fits(path)) records.push(paxRecord("path", path));
  if (!fits(target)) records.push(paxRecord("linkpath", target));
  if (sizeBytes > largestUstarSize) records.push(paxRecord("size", String(sizeBytes)));
  const header = ustarHeader({
    path: placeholder(path),
    target: placeholder(target),
    mode: modeOf(entry),
    sizeBytes: Math.min(sizeBytes, largestUstarSize),
    flag: typeFlags[entry.type],
  });
  if (records.length === 0) return header;
  const pax = Buffer.from(records.join(""), "utf8");
  const paxHeader = ustarHeader({ path: "pax", target: "", mode: 0o644, sizeBytes: pax.length, flag: typeFlags.pax });
  return Buffer.concat([paxHeader, pax, Buffer.alloc(padded(pax.length) - pax.length), header]);
}

function modeOf(entry: TarEntry): number {
  if (entry.type === "folder") return entry.mode ?? 0o755;
  if (entry.type === "symlink") return 0o777;
  return entry.executable ? 0o755 : 0o644;
}

function fits(text: string): boolean {
  return text.length <= 100 && /^[\x20-\x7e]*$/.test(text);
}

/** What a reader without pax sees; every other reader takes the record. */
function placeholder(text: string): string {
  return fits(text) ? text : text.replace(/[^\x20-\x7e]/g, "_").slice(0, 100);
}

/** `<length> <key>=<value>\n`, where the length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

function ustarHeader(fields: { path: string; target: string; mode: number; sizeBytes: number; flag: string }): Buffer {
  const header = Buffer.alloc(blockBytes);
  header.write(fields.path, 0, 100, "latin1");
  header.write(octal(fields.mode, 7), 100, "latin1");
  header.write(octal(0, 7), 108, "latin1");
  header.write(octal(0, 7), 116, "latin1");
  header.write(octal(fields.sizeBytes, 11), 124, "latin1");
  header.write(octal(0, 11), 136, "latin1");
  header.write(" ".repeat(8), 148, "latin1");
  header.write(fields.flag, 156, "latin1");
  header.write(fields.target, 157, 100, "latin1");
  header.write("ustar\u000000", 257, "latin1");
  header.write(octal(0, 7), 329, "latin1");
  header.write(octal(0, 7), 337, "latin1");
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(`${octal(checksum, 6)}\0 `, 148, "latin1");
  return header;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

function padded(bytes: number): number {
  return Math.ceil(bytes / blockBytes) * blockBytes;
}
