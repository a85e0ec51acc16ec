import { createCipheriv } from "node:crypto";

/** Chances that come again with the same seed. */
export interface Random {
  /** From 0 up to but not including `end`, a whole number. */
  below(end: number): number;
  pick<T>(items: readonly T[]): T;
  shuffled<T>(items: readonly T[]): T[];
  /** Chances of their own, which others' draws do not change. */
  child(): Random;
  /** Bytes that do not compress. */
  bytes(sizeBytes: number): Buffer;
}

/** mulberry32 (Tommy Ettinger, public domain): 32 bits of state, and even enough to choose faults by. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (end: number): number => Math.floor(next() * end);
  const pick = <T>(items: readonly T[]): T => {
    const item = items[below(items.length)];
    if (item === undefined) throw new Error("there is nothing to pick from");
    return item;
  };
  return {
    below,
    pick,
    shuffled(items) {
      const rest = [...items];
      return items.flatMap(() => rest.splice(below(rest.length), 1));
    },
    child: () => seededRandom(below(2 ** 32)),
    bytes(sizeBytes) {
      const key = Buffer.alloc(16);
      for (let at = 0; at < key.length; at += 4) key.writeUInt32LE(below(2 ** 32), at);
      return createCipheriv("aes-128-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(sizeBytes));
    },
  };
}
