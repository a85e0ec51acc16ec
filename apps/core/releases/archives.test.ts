import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { crc32, gunzipSync, inflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { gzip, gzipSizeBytes } from "./gzip.ts";
import { storedDeflate, storedSizeBytes } from "./stored-deflate.ts";
import { zip, zipSizeBytes } from "./zip.ts";

/** Bytes that are not all the same, cut into chunks. */
const contents = fc
  .record({
    sizeBytes: fc.constantFrom(0, 1, 1_000, 65_534, 65_535, 65_536, 131_070, 200_000),
    seed: fc.nat(255),
    chunkBytes: fc.constantFrom(999, 65_535, 65_536, 300_000),
  })
  .map(({ sizeBytes, seed, chunkBytes }) => {
    const bytes = Buffer.alloc(
      sizeBytes,
      Uint8Array.from({ length: 251 }, (_, index) => index ^ seed),
    );
    const count = Math.ceil(sizeBytes / chunkBytes);
    const chunks = Array.from({ length: count }, (_, index) =>
      bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes),
    );
    return { bytes, open: () => Readable.from(chunks, { objectMode: false }) };
  });
const whole = (chunks: AsyncIterable<Uint8Array>) => buffer(Readable.from(chunks, { objectMode: false }));

describe("deflate without compression", () => {
  it("is read by zlib, has the size that was foretold, and does not depend on how bytes come", async () => {
    await fc.assert(
      fc.asyncProperty(contents, async ({ bytes, open }) => {
        const packed = await whole(storedDeflate(open(), bytes.length));
        expect(inflateRawSync(packed).equals(bytes)).toBe(true);
        expect(packed).toHaveLength(storedSizeBytes(bytes.length));
        const atOnce = await whole(storedDeflate(Readable.from([bytes], { objectMode: false }), bytes.length));
        expect(packed.equals(atOnce)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it.each([3, 5])("fails where %i bytes come and 4 were announced", async (count) => {
    const bytes = Readable.from([Buffer.alloc(count)], { objectMode: false });
    await expect(whole(storedDeflate(bytes, 4))).rejects.toThrow("4 bytes were announced");
  });
});

it("gzip is read by zlib and has the size that was foretold", async () => {
  await fc.assert(
    fc.asyncProperty(contents, async ({ bytes, open }) => {
      const packed = await whole(gzip(open(), bytes.length));
      expect(gunzipSync(packed).equals(bytes)).toBe(true);
      expect(packed).toHaveLength(gzipSizeBytes(bytes.length));
    }),
    { numRuns: 20 },
  );
});

describe("a zip archive", () => {
  it("of any files has the size that was foretold, and each where its directory says", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(contents, { maxLength: 4 }), async (files) => {
        const entries = files.map(({ bytes, open }, index) => ({
          path: `données/${index}`,
          sizeBytes: bytes.length,
          open: async () => open(),
        }));
        const archive = await whole(zip(entries));
        expect(archive).toHaveLength(zipSizeBytes(entries));
        const end = archive.subarray(-22);
        expect([end.readUInt32LE(0), end.readUInt16LE(10)]).toEqual([0x06054b50, files.length]);
        let at = end.readUInt32LE(16);
        for (const [index, { bytes }] of files.entries()) {
          const nameBytes = archive.readUInt16LE(at + 28);
          expect(archive.toString("utf8", at + 46, at + 46 + nameBytes)).toBe(`données/${index}`);
          expect(archive.readUInt32LE(at + 16)).toBe(crc32(bytes));
          const local = archive.readUInt32LE(at + 42);
          const data = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
          const packed = archive.subarray(data, data + archive.readUInt32LE(at + 20));
          expect(inflateRawSync(packed).equals(bytes)).toBe(true);
          at += 46 + nameBytes;
        }
      }),
      { numRuns: 20 },
    );
  });
});
