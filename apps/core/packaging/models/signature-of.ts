import type { Fault } from "#core/errors.ts";
import type { ModelSignature } from "#core/inspect/model-tensor.ts";
import { keepingFault } from "../keeping-fault.ts";
import type { Signature } from "../package-spec.ts";

/** A signature as the model's file has it, and a fault where its names cannot be kept. */
export function signatureOf(
  path: string,
  said: ModelSignature | null,
): { signature: Signature | null; faults: Fault[] } {
  if (said === null) return { signature: null, faults: [] };
  const tensors = (values: ModelSignature["inputs"]) =>
    values.map(({ name, type, shape, optional }) => ({ name, type, shape, optional: optional === true }));
  const signature = { inputs: tensors(said.inputs), outputs: tensors(said.outputs) };
  const unkept = keepingFault(signature);
  if (unkept === null) return { signature, faults: [] };
  return { signature: null, faults: [{ where: path, message: `the names of ${path} cannot be kept: ${unkept}` }] };
}
