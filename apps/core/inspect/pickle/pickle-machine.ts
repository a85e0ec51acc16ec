import { Unreadable } from "../unreadable.ts";
import { newMemo } from "./memo.ts";
import { wrapperKeys } from "./numpy-array.ts";
import type { OpcodeName } from "./opcodes.ts";
import type { Findings } from "./pickle-findings.ts";
import { entryOf, list, objectOf, other, type SymbolicGlobal, type SymbolicValue, tupleOf } from "./symbolic-value.ts";

const deepestStack = 2 ** 20;
const keptKeys: ReadonlySet<string> = new Set(wrapperKeys);

/** The unpickler's stack, marks and memo, on symbolic values. Throws `Unreadable` where an unpickler would fail too. */
export interface PickleMachine {
  /** An opcode without argument. */
  plain(name: OpcodeName): void;
  number(name: OpcodeName, argument: number): void;
  /** Null stands for an argument too long to be a name. */
  bytes(name: OpcodeName, argument: Buffer | null): void;
  line(name: OpcodeName, argument: string | null): void;
  globalNamed(name: OpcodeName, module: string | null, attribute: string | null): void;
  top(): SymbolicValue;
  replaceTop(value: SymbolicValue): void;
  /** STOP. */
  result(): SymbolicValue;
}

export function newPickleMachine(findings: Findings): PickleMachine {
  const stack: SymbolicValue[] = [];
  /** The stack's height at each open MARK. */
  const marks: number[] = [];
  const memo = newMemo();

  function push(value: SymbolicValue): void {
    if (stack.length >= deepestStack)
      throw new Unreadable(`stacks more than ${deepestStack} values, too many to inspect`);
    stack.push(value);
  }
  function pop(): SymbolicValue {
    const value = stack.length > (marks.at(-1) ?? 0) ? stack.pop() : undefined;
    if (value === undefined) throw new Unreadable("is no valid pickle: an opcode finds nothing to work on");
    return value;
  }
  function top(): SymbolicValue {
    const value = pop();
    stack.push(value);
    return value;
  }
  function popToMark(): SymbolicValue[] {
    const height = marks.pop();
    if (height === undefined) throw new Unreadable("is no valid pickle: an opcode looks for a mark that is not there");
    return stack.splice(height);
  }
  function popMany(count: number): SymbolicValue[] {
    const values = Array.from({ length: count }, pop);
    return values.reverse();
  }
  function pushGlobal(module: SymbolicValue, attribute: SymbolicValue): void {
    if (module.kind === "text" && attribute.kind === "text") {
      findings.importGlobal(module.text, attribute.text);
      push({ kind: "global", module: module.text, name: attribute.text });
    } else {
      findings.unresolvedGlobal();
      push(other);
    }
  }
  function setItems(items: readonly SymbolicValue[]): void {
    const dict = top();
    for (let index = 0; index + 1 < items.length; index += 2) {
      const key = items[index];
      const value = items[index + 1];
      if (key?.kind !== "text" || value === undefined) continue;
      findings.entry(key.text, value);
      if (dict.kind === "dict" && keptKeys.has(key.text)) {
        dict.entries ??= new Map();
        dict.entries.set(key.text, entryOf(value));
      }
    }
  }
  function newDict(): SymbolicValue {
    return { kind: "dict", entries: null };
  }
  function construct(type: SymbolicValue, parameters: SymbolicValue): void {
    push(objectOf(constructedType(type, parameters), parameters));
  }

  const plainSteps: Partial<Record<OpcodeName, () => void>> = {
    MARK: () => {
      if (marks.length >= deepestStack)
        throw new Unreadable(`nests more than ${deepestStack} marks, too many to inspect`);
      marks.push(stack.length);
    },
    POP: () => {
      if (marks.at(-1) === stack.length) marks.pop();
      else pop();
    },
    POP_MARK: popToMark,
    DUP: () => push(top()),
    NONE: () => push(other),
    NEWTRUE: () => push({ kind: "number", number: 1 }),
    NEWFALSE: () => push({ kind: "number", number: 0 }),
    EMPTY_LIST: () => push(list),
    EMPTY_DICT: () => push(newDict()),
    EMPTY_SET: () => push(other),
    EMPTY_TUPLE: () => push(tupleOf([])),
    TUPLE1: () => push(tupleOf(popMany(1))),
    TUPLE2: () => push(tupleOf(popMany(2))),
    TUPLE3: () => push(tupleOf(popMany(3))),
    TUPLE: () => push(tupleOf(popToMark())),
    LIST: () => {
      popToMark();
      push(list);
    },
    FROZENSET: () => {
      popToMark();
      push(other);
    },
    DICT: () => {
      const items = popToMark();
      push(newDict());
      setItems(items);
    },
    APPEND: pop,
    APPENDS: popToMark,
    ADDITEMS: popToMark,
    SETITEM: () => setItems(popMany(2)),
    SETITEMS: () => setItems(popToMark()),
    REDUCE: () => {
      const parameters = pop();
      construct(pop(), parameters);
    },
    NEWOBJ: () => {
      const parameters = pop();
      construct(pop(), parameters);
    },
    NEWOBJ_EX: () => {
      pop();
      const parameters = pop();
      construct(pop(), parameters);
    },
    OBJ: () => {
      const [type = other, ...parameters] = popToMark();
      construct(type, tupleOf(parameters));
    },
    BUILD: () => {
      const state = pop();
      const built = top();
      if (built.kind === "object") built.state = state.kind === "dict" || state.kind === "tuple" ? state : other;
    },
    STACK_GLOBAL: () => {
      const attribute = pop();
      pushGlobal(pop(), attribute);
    },
    MEMOIZE: () => memo.append(top()),
    BINPERSID: () => {
      pop();
      push(other);
    },
    NEXT_BUFFER: () => push(other),
    READONLY_BUFFER: top,
  };

  return {
    plain(name) {
      const run = plainSteps[name];
      if (run === undefined) throw new Error(`the opcode ${name} has no step`);
      run();
    },
    number(name, argument) {
      if (name === "BINGET" || name === "LONG_BINGET") return push(memo.get(argument));
      if (name === "BINPUT" || name === "LONG_BINPUT") return memo.put(argument, top());
      if (name === "PROTO" || name === "FRAME") return;
      if (name.startsWith("EXT")) {
        findings.unresolvedGlobal();
        return push(other);
      }
      push({ kind: "number", number: argument });
    },
    bytes(name, argument) {
      if (argument === null) return push(other);
      if (name === "LONG1" || name === "LONG4") return push(longFrom(argument));
      if (name.endsWith("UNICODE") || name.endsWith("UNICODE8") || name.endsWith("STRING"))
        return push({ kind: "text", text: argument.toString("utf8") });
      push(other);
    },
    line(name, argument) {
      if (name === "GET") return push(memo.get(Number(argument ?? Number.NaN)));
      if (name === "PUT") return memo.put(Number(argument ?? Number.NaN), top());
      if (argument === null) return push(other);
      // An escape can spell any name: no text is better than a wrong one.
      if (name === "STRING" || name === "UNICODE")
        return push(
          argument.includes("\\")
            ? other
            : { kind: "text", text: name === "STRING" ? argument.slice(1, -1) : argument },
        );
      const number = Number(argument.replace(/L$/, ""));
      push(name === "PERSID" || Number.isNaN(number) ? other : { kind: "number", number });
    },
    globalNamed(name, module, attribute) {
      if (name === "INST") popToMark();
      pushGlobal(
        module === null ? other : { kind: "text", text: module },
        attribute === null ? other : { kind: "text", text: attribute },
      );
      if (name === "INST") construct(pop(), other);
    },
    top,
    replaceTop(value) {
      pop();
      stack.push(value);
    },
    result: pop,
  };
}

/** Those of copyreg and numpy's `_reconstruct` make an object of their first parameter. */
const constructors: ReadonlySet<string> = new Set(["_reconstructor", "__newobj__", "__newobj_ex__", "_reconstruct"]);

function constructedType(callable: SymbolicValue, parameters: SymbolicValue): SymbolicGlobal | null {
  if (callable.kind !== "global") return null;
  if (!constructors.has(callable.name)) return callable;
  const first = parameters.kind === "tuple" ? parameters.items[0] : undefined;
  return first?.kind === "global" ? first : callable;
}

/** Two's complement, little-endian; longer ones than a length are not followed. */
function longFrom(bytes: Buffer): SymbolicValue {
  if (bytes.length === 0) return { kind: "number", number: 0 };
  return bytes.length > 6 ? other : { kind: "number", number: bytes.readIntLE(0, bytes.length) };
}
