import { Unreadable } from "../unreadable.ts";
import { other, type SymbolicValue } from "./symbolic-value.ts";

const mostSlots = 2 ** 23;
const largestBytes = 64 * 1024 * 1024;

/** A pickle's memo: what was put aside by number, to be used again. Past `largestBytes` values are not remembered,
 *  so that a global named by one of them counts as unresolved. */
export interface Memo {
  put(index: number, value: SymbolicValue): void;
  /** MEMOIZE: the next number is how many are in use. */
  append(value: SymbolicValue): void;
  get(index: number): SymbolicValue;
}

export function newMemo(): Memo {
  const slots: SymbolicValue[] = [];
  let used = 0;
  let bytes = 0;
  const put: Memo["put"] = (index, value) => {
    if (!(index >= 0 && index < mostSlots))
      throw new Unreadable(`remembers more than ${mostSlots} values, too many to inspect`);
    if (slots[index] === undefined) used += 1;
    bytes += costOf(value);
    slots[index] = bytes > largestBytes ? other : value;
  };
  return {
    put,
    append: (value) => put(used, value),
    get(index) {
      const value = slots[index];
      if (value === undefined) throw new Unreadable(`is no valid pickle: it uses value ${index} before it is there`);
      return value;
    },
  };
}

/** Roughly what V8 takes for it. */
function costOf(value: SymbolicValue): number {
  if (value.kind === "text") return 64 + value.text.length;
  if (value.kind === "tuple") return 64 + 8 * value.items.length;
  return value.kind === "dict" || value.kind === "object" ? 128 : 0;
}
