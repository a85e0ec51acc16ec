/**
 * What an unpickler would hold at a place, as far as an inspection has to know it. Nothing is made of it.
 *
 * Values hold each other to a fixed depth only (object → dict → object → tuple → scalar), so that what a scan keeps
 * does not grow with how a pickle is nested.
 */
export type SymbolicValue = Scalar | Tuple | Dict | SymbolicObject | { kind: "list" } | { kind: "other" };

type Scalar = { kind: "text"; text: string } | { kind: "number"; number: number } | SymbolicGlobal;

type Tuple = { kind: "tuple"; items: readonly (Scalar | { kind: "other" })[] };

/** Null until it has an entry that is kept: most dicts never do. */
type Dict = { kind: "dict"; entries: Map<string, SymbolicValue> | null };

export interface SymbolicGlobal {
  kind: "global";
  module: string;
  name: string;
}

/** What `type(*parameters)` gave, and the state that BUILD gave it after. */
export interface SymbolicObject {
  kind: "object";
  type: SymbolicGlobal | null;
  parameters: SymbolicValue;
  state: SymbolicValue;
}

/** Anything that no question is asked about. */
export const other = { kind: "other" } as const satisfies SymbolicValue;
export const list = { kind: "list" } as const satisfies SymbolicValue;

/** A dtype's state has up to nine values, and a model's arrays have fewer dimensions. */
const longestTuple = 9;

export function tupleOf(items: readonly SymbolicValue[]): SymbolicValue {
  if (items.length > longestTuple) return other;
  return { kind: "tuple", items: items.map((item) => (isScalar(item) ? item : other)) };
}

/** A new object; what a dict would say of it by name comes with its state. */
export function objectOf(type: SymbolicGlobal | null, parameters: SymbolicValue): SymbolicObject {
  return { kind: "object", type, parameters: parameters.kind === "tuple" ? parameters : other, state: other };
}

/** What a dict keeps of a value: an object as it is now, without what it holds by name. */
export function entryOf(value: SymbolicValue): SymbolicValue {
  if (value.kind === "object") return { ...value, state: value.state.kind === "tuple" ? value.state : other };
  return value.kind === "dict" ? other : value;
}

function isScalar(value: SymbolicValue): value is Scalar {
  return value.kind === "text" || value.kind === "number" || value.kind === "global";
}
