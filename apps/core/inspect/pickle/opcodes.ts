/** How an opcode's argument is laid out after it (Python's Lib/pickletools.py, `ArgumentDescriptor`). */
type ArgumentLayout =
  | "none"
  | "uint8"
  | "uint16"
  | "int32"
  | "uint32"
  | "uint64"
  | "float64"
  | "line"
  | "two-lines"
  | "uint8-counted"
  | "int32-counted"
  | "uint32-counted"
  | "uint64-counted";

/** The opcodes of pickle protocols 0 to 5 by their byte (Lib/pickletools.py, `opcodes`). */
const table = {
  "(": ["MARK", "none"],
  ".": ["STOP", "none"],
  "0": ["POP", "none"],
  "1": ["POP_MARK", "none"],
  "2": ["DUP", "none"],
  F: ["FLOAT", "line"],
  I: ["INT", "line"],
  J: ["BININT", "int32"],
  K: ["BININT1", "uint8"],
  L: ["LONG", "line"],
  M: ["BININT2", "uint16"],
  N: ["NONE", "none"],
  P: ["PERSID", "line"],
  Q: ["BINPERSID", "none"],
  R: ["REDUCE", "none"],
  S: ["STRING", "line"],
  T: ["BINSTRING", "int32-counted"],
  U: ["SHORT_BINSTRING", "uint8-counted"],
  V: ["UNICODE", "line"],
  X: ["BINUNICODE", "uint32-counted"],
  a: ["APPEND", "none"],
  b: ["BUILD", "none"],
  c: ["GLOBAL", "two-lines"],
  d: ["DICT", "none"],
  "}": ["EMPTY_DICT", "none"],
  e: ["APPENDS", "none"],
  g: ["GET", "line"],
  h: ["BINGET", "uint8"],
  i: ["INST", "two-lines"],
  j: ["LONG_BINGET", "uint32"],
  l: ["LIST", "none"],
  "]": ["EMPTY_LIST", "none"],
  o: ["OBJ", "none"],
  p: ["PUT", "line"],
  q: ["BINPUT", "uint8"],
  r: ["LONG_BINPUT", "uint32"],
  s: ["SETITEM", "none"],
  t: ["TUPLE", "none"],
  ")": ["EMPTY_TUPLE", "none"],
  u: ["SETITEMS", "none"],
  G: ["BINFLOAT", "float64"],
  B: ["BINBYTES", "uint32-counted"],
  C: ["SHORT_BINBYTES", "uint8-counted"],
  "\x80": ["PROTO", "uint8"],
  "\x81": ["NEWOBJ", "none"],
  "\x82": ["EXT1", "uint8"],
  "\x83": ["EXT2", "uint16"],
  "\x84": ["EXT4", "int32"],
  "\x85": ["TUPLE1", "none"],
  "\x86": ["TUPLE2", "none"],
  "\x87": ["TUPLE3", "none"],
  "\x88": ["NEWTRUE", "none"],
  "\x89": ["NEWFALSE", "none"],
  "\x8a": ["LONG1", "uint8-counted"],
  "\x8b": ["LONG4", "int32-counted"],
  "\x8c": ["SHORT_BINUNICODE", "uint8-counted"],
  "\x8d": ["BINUNICODE8", "uint64-counted"],
  "\x8e": ["BINBYTES8", "uint64-counted"],
  "\x8f": ["EMPTY_SET", "none"],
  "\x90": ["ADDITEMS", "none"],
  "\x91": ["FROZENSET", "none"],
  "\x92": ["NEWOBJ_EX", "none"],
  "\x93": ["STACK_GLOBAL", "none"],
  "\x94": ["MEMOIZE", "none"],
  "\x95": ["FRAME", "uint64"],
  "\x96": ["BYTEARRAY8", "uint64-counted"],
  "\x97": ["NEXT_BUFFER", "none"],
  "\x98": ["READONLY_BUFFER", "none"],
} as const satisfies Record<string, readonly [string, ArgumentLayout]>;

export type OpcodeName = (typeof table)[keyof typeof table][0];

export interface Opcode {
  name: OpcodeName;
  argument: ArgumentLayout;
}

/** Indexed by the opcode's byte. */
export const opcodes: readonly (Opcode | undefined)[] = Array.from({ length: 256 }, (_, byte) => {
  const row = (table as Record<string, readonly [OpcodeName, ArgumentLayout] | undefined>)[String.fromCharCode(byte)];
  return row === undefined ? undefined : { name: row[0], argument: row[1] };
});
