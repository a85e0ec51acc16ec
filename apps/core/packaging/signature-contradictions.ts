import type { Fault } from "#core/errors.ts";
import type { Answer } from "./answer.ts";
import { didYouMean, nearMisses } from "./near-miss.ts";
import type { Format, Signature, Tensor } from "./package-spec.ts";

/** Formats whose files name each input, and take no others. */
const named: readonly Format[] = ["onnx", "savedmodel", "xgboost", "lightgbm"];

/** What a signature in `slipway.yaml` says of the inputs and the model's own file certainly denies: it would be obeyed,
 *  and each request be answered with an error. Types are left to the runtime, which casts. */
export function contradictions(
  declared: Signature | null,
  answer: Pick<Answer, "format" | "signature" | "modelFile"> | null,
): Fault[] {
  const own = answer?.signature ?? null;
  if (
    declared === null ||
    declared.inputs.length === 0 ||
    own === null ||
    answer === null ||
    !named.includes(answer.format)
  )
    return [];
  // The columns of one tensor may be called by names.
  if (own.inputs.length === 1 && declared.inputs.length > 1 && own.inputs[0]?.shape.length !== 1) return [];
  const where = "slipway.yaml: signature.inputs";
  const known = own.inputs.map(({ name }) => name);
  const given = new Set(declared.inputs.map(({ name }) => name));
  const foreign = declared.inputs.filter(({ name }) => name !== "" && !known.includes(name));
  const left = known.filter((name) => !given.has(name));
  if (foreign.length > 0)
    return foreign.slice(0, 10).map(({ name }) => ({
      where,
      message: `"${name}" is no input of ${answer.modelFile}${didYouMean(nearMisses(name, known))}: it has ${shown(known)}`,
    }));
  if (left.length > 0) return [{ where, message: `leaves out ${shown(left)}, which ${answer.modelFile} needs` }];
  return declared.inputs.flatMap((tensor, index) => {
    const other = own.inputs.find(({ name }) => name === tensor.name);
    if (other === undefined || fits(tensor, other)) return [];
    const message = `is [${tensor.shape.join(", ")}], and ${answer.modelFile} has [${other.shape.join(", ")}] for ${tensor.name}`;
    return [{ where: `${where}[${index}].shape`, message }];
  });
}

/** An empty shape in a file may be one that it does not say; [-1] is what is read where a package says none. */
function fits({ shape }: Tensor, own: Tensor): boolean {
  if (own.shape.length === 0 || (shape.length === 1 && shape[0] === -1)) return true;
  if (shape.length !== own.shape.length) return false;
  return shape.every((size, index) => size === -1 || own.shape[index] === -1 || size === own.shape[index]);
}

function shown(names: readonly string[]): string {
  return names.length > 10 ? `${names.slice(0, 10).join(", ")} and ${names.length - 10} more` : names.join(", ");
}
