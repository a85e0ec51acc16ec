import fc from "fast-check";
import { expect, it } from "vitest";
import { bytesOfPart, countOfParts, evenPartBytes, mostObjectBytes, mostParts, sizeOfPart } from "./part-plan.ts";

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

it("a body of a known length is cut into parts that make it up, and no more than S3 takes", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: mostObjectBytes }),
      fc.constantFrom(8 * mebibyte, 16 * mebibyte),
      (sizeBytes, preferred) => {
        const partBytes = evenPartBytes(sizeBytes, preferred, { mostParts });
        const count = countOfParts(sizeBytes, partBytes);
        expect(partBytes % mebibyte).toBe(0);
        expect(partBytes).toBeGreaterThanOrEqual(preferred);
        expect(partBytes).toBeLessThanOrEqual(5 * gibibyte);
        expect(count).toBeLessThanOrEqual(mostParts);
        const last = sizeOfPart(count, sizeBytes, partBytes);
        expect((count - 1) * partBytes + last).toBe(sizeBytes);
        expect(last).toBeLessThanOrEqual(partBytes);
        if (sizeBytes > 0) expect(last).toBeGreaterThan(0);
        if (count > 1) expect(sizeOfPart(1, sizeBytes, partBytes)).toBe(partBytes);
      },
    ),
  );
});

it("parts grow only where 10,000 of them would not do", () => {
  const [limits, preferred] = [{ mostParts }, 16 * mebibyte];
  expect(evenPartBytes(mostParts * preferred, preferred, limits)).toBe(preferred);
  expect(evenPartBytes(mostParts * preferred + 1, preferred, limits)).toBe(17 * mebibyte);
});
