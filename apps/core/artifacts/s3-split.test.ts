import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import fc from "fast-check";
import { expect, it } from "vitest";
import { bytesOfPart } from "./part-plan.ts";
import { type BodyPart, splitBody } from "./s3-split.ts";

const mebibyte = 1024 ** 2;

it("a body is its parts, whatever the chunks: full ones, then one last that is not empty unless the body is", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 30 }),
      fc.integer({ min: 1, max: 64 }),
      async (chunks, partBytes) => {
        const parts: BodyPart[] = [];
        const sizeOf = (number: number) => bytesOfPart(number, partBytes);
        for await (const part of splitBody(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), sizeOf))
          parts.push(part);
        expect(Buffer.concat(parts.map(({ bytes }) => bytes)).equals(Buffer.concat(chunks))).toBe(true);
        expect(parts.map(({ number }) => number)).toEqual(parts.map((_, index) => index + 1));
        expect(parts.map(({ isLast }) => isLast)).toEqual(parts.map((_, index) => index === parts.length - 1));
        for (const { number, bytes, isLast } of parts) if (!isLast) expect(bytes.length).toBe(sizeOf(number));
        if (parts.length > 1) expect(parts.at(-1)?.bytes.length).toBeGreaterThan(0);
      },
    ),
  );
});

it("a buffer is used again when it was given back, and not before", async () => {
  const body = randomBytes(9 * mebibyte);
  const chunks = Array.from({ length: 9 }, (_, index) => body.subarray(index * mebibyte, (index + 1) * mebibyte));
  const kept: Buffer[] = [];
  const memories = new Set<ArrayBufferLike>();
  for await (const part of splitBody(Readable.from(chunks), () => 2 * mebibyte)) {
    memories.add(part.bytes.buffer);
    const start = (part.number - 1) * 2 * mebibyte;
    expect(part.bytes.equals(body.subarray(start, start + part.bytes.length))).toBe(true);
    if (part.number === 1) kept.push(part.bytes);
    else part.free();
  }
  expect(kept[0]?.equals(body.subarray(0, 2 * mebibyte))).toBe(true);
  expect(memories.size).toBe(2);
});
