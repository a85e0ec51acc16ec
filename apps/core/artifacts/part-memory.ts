/** What all uploads together may hold beside the parts that each must have. */
export interface PartMemory {
  /** False where there is not so much left. */
  take(bytes: number): boolean;
  giveBack(bytes: number): void;
}

export function partMemory(limitBytes: number): PartMemory {
  let left = limitBytes;
  return {
    take(bytes) {
      if (bytes > left) return false;
      left -= bytes;
      return true;
    },
    giveBack(bytes) {
      left += bytes;
    },
  };
}
