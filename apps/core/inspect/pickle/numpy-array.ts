/**
 * joblib writes an array as a pickled `NumpyArrayWrapper` and, right behind the opcode that completes it, the array's
 * raw bytes (joblib/numpy_pickle.py, `NumpyArrayWrapper.write_array`, joblib 0.10 to 1.6):
 *
 *     … BUILD │ padding length, 1 byte │ padding │ itemsize × elements bytes │ next opcode …
 *
 * The padding is there only where the wrapper has `numpy_array_alignment_bytes` (joblib ≥ 1.2). An array that holds
 * Python objects is a pickle of its own instead, from PROTO to STOP, without padding.
 */
import { Unreadable } from "../unreadable.ts";
import type { SymbolicObject, SymbolicValue } from "./symbolic-value.ts";

/** What lies behind a wrapper in the file. */
export type ArrayBytes = { kind: "raw"; padded: boolean; sizeBytes: number } | { kind: "pickle" };

/** The keys of a wrapper's state that say how many bytes follow. */
export const wrapperKeys = ["shape", "dtype", "numpy_array_alignment_bytes"] as const;

export function isArrayWrapper(value: SymbolicValue): value is SymbolicObject {
  return (
    value.kind === "object" &&
    value.type?.name === "NumpyArrayWrapper" &&
    /^(?:joblib|sklearn\.externals\.joblib)\.numpy_pickle$/.test(value.type.module)
  );
}

/** Throws `Unreadable` where the wrapper does not say what follows it. */
export function bytesBehind(wrapper: SymbolicObject): ArrayBytes {
  const state = wrapper.state.kind === "dict" ? wrapper.state.entries : null;
  const dtype = readDtype(state?.get("dtype"));
  if (dtype.holdsObjects) return { kind: "pickle" };
  return {
    kind: "raw",
    padded: state?.get("numpy_array_alignment_bytes")?.kind === "number",
    sizeBytes: elementCount(state?.get("shape")) * dtype.itemsizeBytes,
  };
}

function elementCount(shape: SymbolicValue | undefined): number {
  if (shape?.kind !== "tuple") throw new Unreadable("holds a joblib array without a shape");
  return shape.items.reduce((count, item) => {
    if (item.kind !== "number" || !Number.isSafeInteger(item.number) || item.number < 0)
      throw new Unreadable("holds a joblib array whose shape is no list of counts");
    return count * item.number;
  }, 1);
}

/** Bytes of one character of a `U`, an `S` and a `V` type (numpy's array protocol typestr). */
const characterBytes: Record<string, number> = { U: 4, S: 1, a: 1, V: 1 };
const objectFlag = 1;

/** A pickled dtype is `dtype(code, False, True)`, the code with its size, and the state `(version, byteorder, subdtype,
 *  names, fields, itemsize, alignment, flags)` (numpy, `arraydescr_reduce`). */
function readDtype(dtype: SymbolicValue | undefined): { itemsizeBytes: number; holdsObjects: boolean } {
  if (dtype?.kind === "object" && dtype.type?.module === "numpy" && dtype.type.name === "dtype") {
    const code = dtype.parameters.kind === "tuple" ? dtype.parameters.items[0] : undefined;
    const state = dtype.state.kind === "tuple" ? dtype.state.items : [];
    const match = code?.kind === "text" ? /^[<>|=]?([biufcmMOUSVa])(\d*)$/.exec(code.text) : null;
    const kind = match?.[1];
    if (kind !== undefined) {
      const flags = numberAt(state, 7) ?? 0;
      if (kind === "O" || (flags & objectFlag) !== 0) return { itemsizeBytes: 0, holdsObjects: true };
      const itemsizeBytes = Number(match?.[2] || "0") * (characterBytes[kind] ?? 1);
      return { itemsizeBytes, holdsObjects: false };
    }
  }
  throw new Unreadable("holds a joblib array of an unknown dtype");
}

function numberAt(items: readonly SymbolicValue[], index: number): number | null {
  const item = items[index];
  return item?.kind === "number" ? item.number : null;
}
