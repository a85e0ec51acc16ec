/** An input or output as a model's file says it. */
export interface ModelTensor {
  name: string;
  /** A numpy type name, `string`, or what the format itself calls a type that numpy has not. */
  type: string;
  /** `-1` is a dimension of any size. */
  shape: number[];
  /** Where it may be left out. */
  optional?: boolean;
}

export interface ModelSignature {
  inputs: ModelTensor[];
  outputs: ModelTensor[];
}
