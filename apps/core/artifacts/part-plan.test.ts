import fc from "fast-check";
import { expect, it } from "vitest";
import { bytesOfPart, mostParts } from "./part-plan.ts";

const [mebibyte, gibibyte, tebibyte] = [1024 ** 2, 1024 ** 3, 1024 ** 4];
const sizes = (firstBytes: number) =>
  Array.from({ length: mostParts }, (_, index) => bytesOfPart(index + 1, firstBytes));

it.each([5 * mebibyte, 8 * mebibyte, 64 * mebibyte])("5 TiB fit in parts that start with %i bytes", (firstBytes) => {
  expect(sizes(firstBytes).reduce((sum, size) => sum + size, 0)).toBeGreaterThanOrEqual(5 * tebibyte);
});

it("parts never shrink, and are such as S3 takes", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 5 * mebibyte, max: 5 * gibibyte }),
      fc.integer({ min: 1, max: mostParts - 1 }),
      (firstBytes, number) => {
        const [size, next] = [bytesOfPart(number, firstBytes), bytesOfPart(number + 1, firstBytes)];
        expect(size).toBeGreaterThanOrEqual(firstBytes);
        expect(next).toBeGreaterThanOrEqual(size);
        expect(next).toBeLessThanOrEqual(5 * gibibyte);
        expect(Number.isInteger(size)).toBe(true);
      },
    ),
  );
});

it("8 GiB come in parts of the first size", () => {
  const upTo8GiB = sizes(8 * mebibyte).slice(0, 1_000);
  expect(new Set(upTo8GiB)).toEqual(new Set([8 * mebibyte]));
});
