import type { Signature, Tensor } from "../package-spec.ts";
import { isMapping } from "../reading.ts";

/** MLflow's column types (mlflow/types/schema.py, DataType) as numpy has them; a request holds none of the others. */
const columnTypes: Record<string, string> = {
  boolean: "bool",
  integer: "int32",
  long: "int64",
  float: "float32",
  double: "float64",
  string: "string",
};

const tensorTypes = /^(?:bool|u?int(?:8|16|32|64)|float(?:16|32|64))$/;
const mostColumns = 10_000;

/** The signature of an MLmodel: JSON texts of columns or of tensors. Null, with a note, where a request cannot be held
 *  against it. */
export function mlflowSignature(given: unknown): { signature: Signature | null; note: string[] } {
  if (!isMapping(given)) return { signature: null, note: [] };
  const inputs = tensorsOf(given["inputs"], "input");
  if (inputs === null)
    return { signature: null, note: ["the model's MLflow signature has types that are left to MLflow to check"] };
  // What comes out is not checked: types that are not known here are left out.
  return { signature: { inputs, outputs: tensorsOf(given["outputs"], "output") ?? [] }, note: [] };
}

function tensorsOf(given: unknown, called: string): Tensor[] | null {
  if (given === null || given === undefined) return called === "input" ? null : [];
  const columns = typeof given === "string" ? parsed(given) : null;
  if (columns === null || columns.length > mostColumns) return null;
  const tensors = columns.flatMap((column, index) => {
    const name = columns.length === 1 ? called : `${called}-${index}`;
    return isMapping(column) ? (tensorOf(column, name) ?? []) : [];
  });
  return tensors.length === columns.length && isDistinct(tensors) ? tensors : null;
}

/** `{"name", "type": "double", "required"}`, or `{"name"?, "type": "tensor", "tensor-spec": {"dtype", "shape"}}`. */
function tensorOf(column: Record<string, unknown>, unnamed: string): Tensor | null {
  const { name = unnamed, type, required = true } = column;
  if (typeof name !== "string" || typeof type !== "string") return null;
  if (type !== "tensor") {
    const known = Object.hasOwn(columnTypes, type) ? columnTypes[type] : undefined;
    return known === undefined ? null : { name, type: known, shape: [-1], optional: required === false };
  }
  const spec = isMapping(column["tensor-spec"]) ? column["tensor-spec"] : {};
  const { dtype, shape } = spec;
  if (
    typeof dtype !== "string" ||
    !Array.isArray(shape) ||
    !shape.every((size) => Number.isSafeInteger(size) && size >= -1)
  )
    return null;
  const known = /^(?:object|str|<?U\d*)$/.test(dtype) ? "string" : dtype;
  return known === "string" || tensorTypes.test(known) ? { name, type: known, shape, optional: false } : null;
}

function isDistinct(tensors: readonly Tensor[]): boolean {
  return new Set(tensors.map(({ name }) => name)).size === tensors.length;
}

function parsed(text: string): unknown[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
