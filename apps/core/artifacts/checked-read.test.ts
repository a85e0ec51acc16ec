import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BlobKey, BlobStore } from "./blob-store.ts";
import { openChecked } from "./checked-read.ts";
import { digestOf } from "./digest.ts";

const key = "ab" as BlobKey;

/** A store that gives these bytes, whatever it was given: no real one can be made to. */
function giving(bytes: Uint8Array, chunkBytes: number): BlobStore {
  const open: BlobStore["open"] = async (_key, range) => {
    const asked = range === undefined ? bytes : bytes.subarray(range.start, range.end + 1);
    const chunks = Array.from({ length: Math.ceil(asked.length / chunkBytes) }, (_, index) =>
      Buffer.from(asked.subarray(index * chunkBytes, (index + 1) * chunkBytes)),
    );
    return Readable.from(chunks, { objectMode: false });
  };
  return { open } as Partial<BlobStore> as BlobStore;
}

const some = fc.uint8Array({ minLength: 1, maxLength: 300 });
const chunkBytes = fc.integer({ min: 1, max: 50 });

describe("bytes that are checked as they are read", () => {
  it("come as they were stored, however they are cut on their way", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), chunkBytes, async (bytes, size) => {
        const blob = { key, digest: digestOf(bytes), sizeBytes: bytes.length };
        const read = await buffer(await openChecked({ blobs: giving(bytes, size) }, blob));
        expect(read.equals(bytes)).toBe(true);
      }),
    );
  });

  it("fail before the last of them where one was changed or lost, and where one was added", async () => {
    const changed = (bytes: Uint8Array, at: number) => bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
    const wrongs = fc.tuple(some, fc.nat(299), fc.constantFrom("changed", "lost", "added")).map(([bytes, at, how]) => {
      const place = at % bytes.length;
      const wrong = {
        changed: () => changed(bytes, place),
        lost: () => bytes.subarray(0, place),
        added: () => Buffer.concat([bytes, Buffer.from("x")]),
      }[how as "changed" | "lost" | "added"]();
      return { bytes, wrong, most: bytes.length - (how === "added" ? 0 : 1) };
    });
    await fc.assert(
      fc.asyncProperty(wrongs, chunkBytes, async ({ bytes, wrong, most }, size) => {
        const blob = { key, digest: digestOf(bytes), sizeBytes: bytes.length };
        let passed = 0;
        const read = async () => {
          for await (const chunk of await openChecked({ blobs: giving(wrong, size) }, blob))
            passed += (chunk as Buffer).length;
        };
        await expect(read()).rejects.toThrow("the store gives");
        expect(passed).toBeLessThanOrEqual(most);
      }),
    );
  });

  it("of a range are as many as were asked for, or fail", async () => {
    const bytes = Buffer.from("0123456789");
    const blob = { key, digest: digestOf(bytes), sizeBytes: 10 };
    const range = { start: 2, end: 8 };
    const read = (stored: Buffer) => openChecked({ blobs: giving(stored, 3) }, blob, { range }).then(buffer);
    expect((await read(bytes)).toString()).toBe("2345678");
    await expect(read(bytes.subarray(0, 6))).rejects.toThrow("the store gives 4 bytes");
  });
});
