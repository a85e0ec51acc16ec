import { setImmediate as tick } from "node:timers/promises";
import { expect, it } from "vitest";
import { SlipwayError } from "./errors.ts";
import { inBatches } from "./in-batches.ts";

/** Doubles numbers; a 13 is refused, with all that is asked for with it. */
function doubling() {
  const batches: (readonly number[])[] = [];
  const double = inBatches<null, number, number>(async (_, items) => {
    batches.push(items);
    await tick();
    if (items.includes(13)) throw new SlipwayError("invalid_request", "not 13");
    if (items.includes(666)) throw new Error("broken");
    return items.map((item) => 2 * item);
  });
  return { batches, double: (item: number, key = "k") => double(key, null, item) };
}

it("what is asked for while one runs is done together, in order, and by keys apart", async () => {
  const { batches, double } = doubling();
  const asked = [1, 2, 3].map((item) => double(item));
  asked.push(double(4, "other"));
  expect(await Promise.all(asked)).toEqual([2, 4, 6, 8]);
  expect(batches).toEqual([[1], [4], [2, 3]]);
  expect(await double(5)).toBe(10);
});

it("a batch that is refused is done one by one, and only who is to blame hears of it", async () => {
  const { batches, double } = doubling();
  const ends = await Promise.allSettled([1, 2, 13, 3].map((item) => double(item)));
  expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
  expect(batches).toEqual([[1], [2, 13, 3], [2], [13], [3]]);
});

it("what breaks for another reason may have been done: nothing of it is done again", async () => {
  const { batches, double } = doubling();
  const ends = await Promise.allSettled([1, 2, 666].map((item) => double(item)));
  expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
  expect(batches).toEqual([[1], [2, 666]]);
  expect(await double(7)).toBe(14);
});
