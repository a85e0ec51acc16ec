import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Disturbance } from "./tcp-proxy.ts";

type Direction = "up" | "down";

/** Once, when so many bytes have gone that way. */
function onceAt(direction: Direction, offset: number, act: (chunk: Buffer, at: number) => Buffer | null): Disturbance {
  let left = offset;
  return (chunk, way) => {
    const at = left;
    if (way !== direction || at < 0) return chunk;
    left -= chunk.length;
    return at < chunk.length ? act(chunk, at) : chunk;
  };
}

export const cutAt = (direction: Direction, offset: number) => onceAt(direction, offset, () => null);

/** One bit of one byte. */
export const flipAt = (direction: Direction, offset: number) =>
  onceAt(direction, offset, (chunk, at) => {
    const flipped = Buffer.from(chunk);
    flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << randomInt(8)), at);
    return flipped;
  });

export function slow(bytesPerSecond: number): Disturbance {
  return async (chunk) => {
    await sleep((chunk.length / bytesPerSecond) * 1_000);
    return chunk;
  };
}
