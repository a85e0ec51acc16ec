import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import fc from "fast-check";
import { expect, it } from "vitest";
import { resumedStream } from "./resumed-stream.ts";

const object = randomBytes(2_000);
const fault = (cause: unknown) => new Error("the store failed", { cause });

/** Bytes `start` to `end`, in answers that each break off after so many: by an error, or by an end. */
function breaking(start: number, end: number, lengths: number[], byError: boolean) {
  const asked: number[] = [];
  const answer = (position: number) => {
    const length = lengths.shift() ?? end - position;
    return Readable.from(
      (function* () {
        const bytes = object.subarray(position, Math.min(end, position + length));
        if (bytes.length > 0) yield bytes;
        if (position + length < end && byError) throw new Error("connection reset");
      })(),
    );
  };
  const again = async (position: number) => {
    asked.push(position);
    return answer(position);
  };
  return { asked, stream: resumedStream({ body: answer(start), start, end, again, fault }) };
}

it("gives exactly the range, wherever answers break off", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 1_000 }),
      fc.integer({ min: 0, max: 1_000 }),
      fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 10 }),
      fc.boolean(),
      async (start, length, lengths, byError) => {
        const { stream, asked } = breaking(start, start + length, lengths, byError);
        expect((await buffer(stream)).equals(object.subarray(start, start + length))).toBe(true);
        expect(asked.every((position) => position > start && position < start + length)).toBe(true);
      },
    ),
  );
});

it.each([true, false])("fails, and never ends short, where no byte comes any more (by error: %s)", async (byError) => {
  const { stream, asked } = breaking(0, 1_000, [10, 0, 0, 0, 0, 0], byError);
  await expect(buffer(stream)).rejects.toThrow("the store failed");
  expect(asked).toEqual([10, 10, 10]);
});

it("fails as the new request does", async () => {
  const again = () => Promise.reject(new Error("gone"));
  const stream = resumedStream({ body: Readable.from([object.subarray(0, 5)]), start: 0, end: 10, again, fault });
  await expect(buffer(stream)).rejects.toThrow("gone");
});
