/** Of one object (Amazon S3 multipart upload limits). */
export const mostParts = 10_000;

const mebibyte = 1024 ** 2;
const partsOfFirstSize = 1_000;
const partsBetweenDoublings = 500;
const largestGrown = 1024 * mebibyte;

/** Bytes of part `number` (from 1) of a body whose length is not known. Small at first, so that most bodies take little
 *  memory; doubled as it goes on (8 GiB in parts of 8 MiB, 16 GiB by 16 MiB, …), so that 5 TiB fit. */
export function bytesOfPart(number: number, firstBytes: number): number {
  const doublings = Math.max(0, Math.ceil((number - partsOfFirstSize) / partsBetweenDoublings));
  return Math.max(firstBytes, Math.min(firstBytes * 2 ** doublings, largestGrown));
}
