import type { Readable } from "node:stream";
import { type ByteSource, readUpTo } from "./byte-source.ts";
import { Unreadable } from "./unreadable.ts";

const smallestWindow = 64 * 1024;
/** Also bounds how long a scan holds the event loop between two reads. */
const largestWindow = 512 * 1024;

/** Where a cursor's bytes come from, in order. */
export interface ByteFeed {
  /** The next bytes, at least one; null at the end. */
  next(): Promise<Buffer | null>;
  /** Passes over `count` bytes, or fewer where the feed ends before; says how many. */
  skip(count: number): Promise<number>;
}

/** Reads in windows that double while they follow each other; skipping costs nothing. */
export function rangeFeed(source: ByteSource, start = 0, end = source.sizeBytes): ByteFeed {
  let offset = start;
  let window = smallestWindow;
  return {
    async next() {
      if (offset >= end) return null;
      const bytes = await readUpTo(source, offset, Math.min(window, end - offset));
      if (bytes.length === 0) return null;
      offset += bytes.length;
      window = Math.min(window * 2, largestWindow);
      return bytes;
    },
    async skip(count) {
      const skipped = Math.min(count, Math.max(0, end - offset));
      offset += skipped;
      window = smallestWindow;
      return skipped;
    },
  };
}

/** Reads a stream that cannot seek; skipping reads and forgets. */
export function streamFeed(stream: Readable): ByteFeed {
  const chunks = stream[Symbol.asyncIterator]();
  let rest: Buffer | null = null;
  async function next(): Promise<Buffer | null> {
    if (rest !== null) {
      const bytes = rest;
      rest = null;
      return bytes;
    }
    for (;;) {
      const { value, done } = await chunks.next();
      if (done === true) return null;
      if (value.length > 0) return value;
    }
  }
  return {
    next,
    async skip(count) {
      let left = count;
      while (left > 0) {
        const bytes = await next();
        if (bytes === null) break;
        if (bytes.length > left) rest = bytes.subarray(left);
        left -= Math.min(left, bytes.length);
      }
      return count - left;
    },
  };
}

/** Reads little-endian fields one after another. `need` waits for bytes; what follows it does not. */
export class ByteCursor {
  readonly #feed: ByteFeed;
  #window: Buffer = Buffer.alloc(0);
  #at = 0;
  #windowStart: number;

  constructor(feed: ByteFeed, start = 0) {
    this.#feed = feed;
    this.#windowStart = start;
  }

  /** The offset of the next byte. */
  get position(): number {
    return this.#windowStart + this.#at;
  }

  /** How many bytes can be taken without waiting. */
  get available(): number {
    return this.#window.length - this.#at;
  }

  /** Waits until `count` bytes can be taken, or all that are left; says whether they can. */
  async has(count: number): Promise<boolean> {
    if (this.available >= count) return true;
    const parts = [this.#window.subarray(this.#at)];
    let length = this.available;
    while (length < count) {
      const bytes = await this.#feed.next();
      if (bytes === null) break;
      parts.push(bytes);
      length += bytes.length;
    }
    this.#windowStart = this.position;
    this.#window = parts.length === 2 && parts[0]?.length === 0 && parts[1] ? parts[1] : Buffer.concat(parts, length);
    this.#at = 0;
    return length >= count;
  }

  /** Throws `Unreadable` where the bytes end before. */
  async need(count: number): Promise<void> {
    if (!(await this.has(count))) throw this.endedEarly();
  }

  /** Throws `Unreadable` where the bytes end before. */
  async skip(count: number): Promise<void> {
    const inWindow = Math.min(count, this.available);
    this.#at += inWindow;
    const beyond = count - inWindow;
    if (beyond === 0) return;
    const skipped = await this.#feed.skip(beyond);
    this.#windowStart = this.position + skipped;
    this.#window = Buffer.alloc(0);
    this.#at = 0;
    if (skipped < beyond) throw this.endedEarly();
  }

  /** The next `count` bytes, a view that holds until the next wait. */
  take(count: number): Buffer {
    if (this.available < count) throw this.endedEarly();
    const bytes = this.#window.subarray(this.#at, this.#at + count);
    this.#at += count;
    return bytes;
  }

  /** The text up to the next line feed, which is passed over; null where it is longer than `keepBytes`. */
  async line(keepBytes: number): Promise<string | null> {
    let kept: string | null = "";
    for (;;) {
      await this.need(1);
      const end = this.#window.indexOf(0x0a, this.#at);
      const part = this.take((end === -1 ? this.#window.length : end) - this.#at);
      if (kept !== null) kept = kept.length + part.length > keepBytes ? null : kept + part.toString("latin1");
      if (end !== -1) {
        this.#at += 1;
        return kept;
      }
    }
  }

  /** The next byte, which stays the next. */
  peek(): number {
    const byte = this.#window[this.#at];
    if (byte === undefined) throw this.endedEarly();
    return byte;
  }

  uint8(): number {
    const byte = this.#window[this.#at];
    if (byte === undefined) throw this.endedEarly();
    this.#at += 1;
    return byte;
  }

  uint16(): number {
    return this.take(2).readUInt16LE();
  }

  uint32(): number {
    return this.take(4).readUInt32LE();
  }

  int32(): number {
    return this.take(4).readInt32LE();
  }

  /** Exact up to 2^53; larger lengths are larger than any file. */
  uint64(): number {
    return Number(this.take(8).readBigUInt64LE());
  }

  endedEarly(): Unreadable {
    return new Unreadable(
      `ends at byte ${this.position + this.available}, in the middle of a value: is the upload complete?`,
    );
  }
}
