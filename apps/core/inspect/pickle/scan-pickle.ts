import { ByteCursor, type ByteFeed } from "../byte-cursor.ts";
import { Unreadable } from "../unreadable.ts";
import { bytesBehind, isArrayWrapper } from "./numpy-array.ts";
import { type Opcode, opcodes } from "./opcodes.ts";
import { type Findings, newFindings, type PickleInspection, summarise } from "./pickle-findings.ts";
import { newPickleMachine, type PickleMachine } from "./pickle-machine.ts";
import { objectOf, other, type SymbolicGlobal, type SymbolicValue } from "./symbolic-value.ts";

/** A few seconds of work; a vocabulary of a million words has ten million. */
const mostOpcodes = 50_000_000;
/** Longer texts are no names. */
const longestText = 256;
/** The longest fixed argument and its opcode. */
const fixedBytes = 9;
const ndarray: SymbolicGlobal = { kind: "global", module: "numpy", name: "ndarray" };

/**
 * Follows a pickle's opcodes, and the numpy arrays that joblib lays between them, without running or making anything.
 * Memory stays flat: what no question is asked about is not kept, and long values are skipped.
 * Throws `Unreadable` where the bytes are no complete pickle.
 *
 * Source: Python's Lib/pickle.py and Lib/pickletools.py (protocols 0 to 5).
 */
export async function scanPickle(feed: ByteFeed): Promise<PickleInspection> {
  const cursor = new ByteCursor(feed);
  const findings = newFindings();
  const root = await scanStream(cursor, findings, { countOpcodes: 0 }, true);
  return summarise(findings, root);
}

async function scanStream(
  cursor: ByteCursor,
  findings: Findings,
  budget: { countOpcodes: number },
  isJoblib: boolean,
): Promise<SymbolicValue> {
  const machine = newPickleMachine(findings);
  for (;;) {
    if (cursor.available < fixedBytes) await cursor.has(fixedBytes);
    budget.countOpcodes += 1;
    if (budget.countOpcodes > mostOpcodes)
      throw new Unreadable(`has more than ${mostOpcodes} pickle opcodes, too many to inspect`);
    const at = cursor.position;
    const byte = cursor.uint8();
    const opcode = opcodes[byte];
    if (opcode === undefined)
      throw new Unreadable(
        `is no valid pickle: byte ${at} is 0x${byte.toString(16).padStart(2, "0")}, which is no opcode`,
      );
    if (opcode.name === "STOP") return machine.result();
    const waits = step(cursor, machine, opcode);
    if (waits !== undefined) await waits;
    if (opcode.name === "BUILD" && isJoblib) await passArray(cursor, findings, budget, machine);
  }
}

/** A promise where the argument's end has to be waited for: most opcodes need no turn of the event loop. */
function step(cursor: ByteCursor, machine: PickleMachine, opcode: Opcode): Promise<void> | undefined {
  switch (opcode.argument) {
    case "none":
      machine.plain(opcode.name);
      return undefined;
    case "uint8":
      machine.number(opcode.name, cursor.uint8());
      return undefined;
    case "uint16":
      machine.number(opcode.name, cursor.uint16());
      return undefined;
    case "uint32":
      machine.number(opcode.name, cursor.uint32());
      return undefined;
    case "int32":
      machine.number(opcode.name, cursor.int32());
      return undefined;
    case "uint64":
      machine.number(opcode.name, cursor.uint64());
      return undefined;
    case "float64":
      machine.number(opcode.name, cursor.take(8).readDoubleBE());
      return undefined;
    case "line":
      return cursor.line(longestText).then((line) => machine.line(opcode.name, line));
    case "two-lines":
      return cursor
        .line(longestText)
        .then(async (module) => machine.globalNamed(opcode.name, module, await cursor.line(longestText)));
    case "uint8-counted":
      return counted(cursor, machine, opcode, cursor.uint8());
    case "int32-counted":
      return counted(cursor, machine, opcode, cursor.int32());
    case "uint32-counted":
      return counted(cursor, machine, opcode, cursor.uint32());
    case "uint64-counted":
      return counted(cursor, machine, opcode, cursor.uint64());
  }
}

/** Hands the next `length` bytes on, or null where they are too long to matter. */
function counted(
  cursor: ByteCursor,
  machine: PickleMachine,
  opcode: Opcode,
  length: number,
): Promise<void> | undefined {
  if (length < 0) throw new Unreadable(`is no valid pickle: a negative length before byte ${cursor.position}`);
  if (length > longestText) return cursor.skip(length).then(() => machine.bytes(opcode.name, null));
  if (cursor.available < length) return cursor.need(length).then(() => machine.bytes(opcode.name, cursor.take(length)));
  machine.bytes(opcode.name, cursor.take(length));
  return undefined;
}

/** Passes over the bytes behind a joblib array wrapper, if the object just built is one. */
async function passArray(
  cursor: ByteCursor,
  findings: Findings,
  budget: { countOpcodes: number },
  machine: PickleMachine,
): Promise<void> {
  const built = machine.top();
  if (!isArrayWrapper(built)) return;
  const behind = bytesBehind(built);
  if (behind.kind === "pickle") {
    await scanStream(cursor, findings, budget, false);
  } else {
    if (behind.padded) {
      await cursor.need(1);
      await cursor.skip(cursor.uint8());
    }
    await cursor.skip(behind.sizeBytes);
  }
  machine.replaceTop(objectOf(ndarray, other));
}
