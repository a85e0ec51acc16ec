/*
 * A tar archive, pulled block by block, so that nothing of it piles up in memory:
 *
 *   archive = { header block, content padded to whole blocks }, two blocks of zeros, zeros to the end
 *
 * A pax header and a GNU long name are entries of their own that speak of the next one. The reader is ours since
 * anybody's bytes come to it: see docs/decisions/0013-a-tar-reader-of-our-own.md.
 */
import { Readable } from "node:stream";
import { SlipwayError } from "#core/errors.ts";
import type { ByteReader } from "./byte-reader.ts";
import { decompressed } from "./decompressed.ts";
import { type PaxOverrides, readPax } from "./pax-records.ts";
import { blockBytes, isZero, readHeader, TarFault, type TarHeader, terminatedName } from "./tar-header.ts";

/** Folders, and headers about other entries, count as well. */
export const entryLimit = 50_000;
/** Of what one entry may say about the next; a path that can be kept has 1,024 bytes at most. */
const wordsLimitBytes = 1024 * 1024;

export interface TarFile {
  name: string;
  sizeBytes: number;
  /** Ends after so many bytes, or fails. */
  content: Readable;
}

type Take = (file: TarFile) => Promise<void>;

/** Calls `take` for each file of a tar (POSIX.1-2001 pax, ustar or GNU) or tar.gz, one after another;
 *  `take` consumes its content, and what it throws is thrown. Folders are passed over; links, devices and
 *  whatever else is no plain file are refused. The body is read to its end. Throws `archive_invalid`. */
export async function readTar(body: Readable, take: Take): Promise<void> {
  try {
    await readEntries(await decompressed(body), take);
  } catch (error) {
    body.destroy();
    if (!(error instanceof TarFault)) throw error;
    throw new SlipwayError("archive_invalid", `the archive cannot be taken: ${error.message}`, { cause: error });
  }
}

async function readEntries(bytes: ByteReader, take: Take): Promise<void> {
  let words: Words = {};
  let entries = 0;
  for (;;) {
    const block = await whole(bytes, blockBytes);
    const header = readHeader(block);
    if (header === null) break;
    entries += 1;
    if (entries > entryLimit) throw new TarFault(`it holds more than ${entryLimit} entries, folders among them`);
    const more = await readWords(bytes, header);
    if (more === null) {
      await readEntry(bytes, { ...header, ...overridesOf(words) }, take);
      words = {};
    } else {
      const twice = Object.keys(more).find((kind) => kind in words);
      if (twice !== undefined) throw new TarFault(`it holds two ${kindsOfWords[twice]}s for one entry`);
      words = { ...words, ...more };
    }
  }
  if (Object.keys(words).length > 0) throw new TarFault("it ends with a header about an entry that does not come");
  if (entries === 0) throw new TarFault("it is empty");
  await readEnd(bytes);
}

/** What has been said about the entry that comes. */
interface Words {
  pax?: PaxOverrides;
  longName?: string;
  longLink?: true;
}

const kindsOfWords: Record<string, string> = { pax: "pax header", longName: "long name", longLink: "long link name" };

/** pax is the newer form: where both speak, it is believed. */
function overridesOf({ pax, longName }: Words): Partial<TarHeader> {
  return { ...(longName === undefined ? {} : { name: longName }), ...pax };
}

/** Null where the header is no word about another entry but an entry itself. */
async function readWords(bytes: ByteReader, { kind, sizeBytes }: TarHeader): Promise<Words | null> {
  if (kind !== "pax header" && kind !== "global pax header" && kind !== "long name" && kind !== "long link")
    return null;
  if (sizeBytes > wordsLimitBytes) throw new TarFault(`a ${kind} is larger than 1 MiB`);
  const said = await whole(bytes, sizeBytes);
  await whole(bytes, paddingOf(sizeBytes));
  if (kind === "long name") return { longName: terminatedName(said) };
  if (kind === "long link") return { longLink: true };
  const pax = readPax(said);
  if (kind === "pax header") return { pax };
  if (Object.keys(pax).length > 0) throw new TarFault("it gives one path or size to all its entries");
  return {};
}

async function readEntry(bytes: ByteReader, { name, kind, sizeBytes }: TarHeader, take: Take): Promise<void> {
  const shown = JSON.stringify(name.slice(0, 200));
  if (typeof kind === "object")
    throw new TarFault(`it holds ${kind.refused}, ${shown}: a version holds plain files only`);
  if (kind === "folder") return;
  const content = Readable.from(contentOf(bytes, sizeBytes), { objectMode: false });
  await take({ name, sizeBytes, content });
  await whole(bytes, paddingOf(sizeBytes));
}

async function* contentOf(bytes: ByteReader, sizeBytes: number): AsyncGenerator<Buffer> {
  for (let missing = sizeBytes; missing > 0; ) {
    const chunk = await bytes.next(missing);
    if (chunk === null) throw cutOff();
    missing -= chunk.length;
    yield chunk;
  }
}

/** Behind the first block of zeros come nothing but zeros, one block of them at least. */
async function readEnd(bytes: ByteReader): Promise<void> {
  for (
    let chunk: Buffer | null = await whole(bytes, blockBytes);
    chunk !== null;
    chunk = await bytes.next(endChunkBytes)
  )
    if (!isZero(chunk)) throw new TarFault("it goes on behind its end marker: send one archive");
}

const endChunkBytes = 64 * 1024;

async function whole(bytes: ByteReader, count: number): Promise<Buffer> {
  const taken = await bytes.take(count);
  if (taken.length < count) throw cutOff();
  return taken;
}

function cutOff(): TarFault {
  return new TarFault("it ends before its end marker: it was cut off, send it again");
}

function paddingOf(sizeBytes: number): number {
  return (blockBytes - (sizeBytes % blockBytes)) % blockBytes;
}
