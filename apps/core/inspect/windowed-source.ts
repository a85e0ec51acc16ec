import type { ByteSource } from "./byte-source.ts";

const windowBytes = 64 * 1024;

/** Keeps the last window read, so that small values which lie side by side cost one read. */
export function windowed(source: ByteSource): ByteSource {
  let window: { start: number; bytes: Buffer } = { start: 0, bytes: Buffer.alloc(0) };
  return {
    sizeBytes: source.sizeBytes,
    stream: () => source.stream(),
    async read({ start, end }) {
      if (start < window.start || end >= window.start + window.bytes.length) {
        const last = Math.min(Math.max(end, start + windowBytes - 1), source.sizeBytes - 1);
        window = { start, bytes: await source.read({ start, end: last }) };
      }
      return window.bytes.subarray(start - window.start, end + 1 - window.start);
    },
  };
}
