/** Of one object (Amazon S3 multipart upload limits). */
export const mostParts = 10_000;
export const mostObjectBytes = 5 * 1024 ** 4;

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

/** Bytes of every part but the last of a body whose length is known: as preferred, or more, in whole mebibytes, where
 *  that would be too many parts. */
export function evenPartBytes(sizeBytes: number, preferredBytes: number, limits: { mostParts: number }): number {
  return Math.max(preferredBytes, Math.ceil(sizeBytes / limits.mostParts / mebibyte) * mebibyte);
}

/** How long each part of a body is, by its number (from 1), whether its length is known or not (null). */
export function partSizes(sizeBytes: number | null, preferredBytes: number): (number: number) => number {
  if (sizeBytes === null) return (number) => bytesOfPart(number, preferredBytes);
  const partBytes = evenPartBytes(sizeBytes, preferredBytes, { mostParts });
  return () => partBytes;
}

/** An empty body is one empty part. */
export function countOfParts(sizeBytes: number, partBytes: number): number {
  return Math.max(1, Math.ceil(sizeBytes / partBytes));
}

/** Of part `number` (from 1) of a body of this length. */
export function sizeOfPart(number: number, sizeBytes: number, partBytes: number): number {
  return Math.min(partBytes, sizeBytes - (number - 1) * partBytes);
}
