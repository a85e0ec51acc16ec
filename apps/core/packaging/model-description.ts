import canonicalize from "canonicalize";
import { tensorTypes } from "./declared-signature.ts";
import type { PackageSpec, Tensor } from "./package-spec.ts";

/** What numpy has no type for (`seq(map(int64,tensor(float32)))`) the runtime learns from the model itself. */
function askable(tensor: Tensor): Tensor {
  return (tensorTypes as readonly string[]).includes(tensor.type) ? tensor : { ...tensor, type: "any" };
}

export interface Described {
  model: string;
  version: string;
  contentDigest: string;
  spec: PackageSpec;
  metadata: Record<string, unknown>;
}

/** What `slipway-runtime` reads at its start: docker/runtime/src/slipway_runtime/description.py. A function of what is
 *  sealed. */
export function modelDescription({ model, version, contentDigest, spec, metadata }: Described): Buffer {
  const { format, modelFile, preprocessorFile, predictor, signature, example, resources, card } = spec;
  const description = {
    model,
    version,
    contentDigest,
    format,
    modelFile,
    preprocessorFile,
    predictor,
    signature: signature && { inputs: signature.inputs.map(askable), outputs: signature.outputs.map(askable) },
    example: example ?? null,
    metadata,
    // Left out where they say nothing: what was sealed before they were read is described as it was.
    ...(resources === undefined || Object.values(resources).every((amount) => !amount) ? {} : { resources }),
    ...(card === undefined || Object.keys(card).length === 0 ? {} : { card }),
  };
  return Buffer.from(canonicalize(description) ?? "");
}
