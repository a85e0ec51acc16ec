import type { Platform } from "./platforms.ts";

/** Formats that a runtime serves; packaging/catalogue.ts says how. */
export type Format =
  | "sklearn"
  | "xgboost"
  | "lightgbm"
  | "onnx"
  | "torchscript"
  | "savedmodel"
  | "keras"
  | "mlflow"
  | "bentoml"
  | "python";

/** One input or output; `-1` in a shape is a dimension of any size. */
export interface Tensor {
  name: string;
  /** A numpy type name (`float64`, `int64`, `bool`) or `string`; from an ONNX file also what numpy has not
   *  (`bfloat16`, `seq(map(int64,tensor(float32)))`). */
  type: string;
  shape: number[];
  optional: boolean;
}

export interface Signature {
  inputs: Tensor[];
  outputs: Tensor[];
}

/** What the answer to the example has to hold, for a proof to pass. */
export interface Expect {
  predictions: unknown[];
}

export interface Serve {
  port: number;
  /** Path of a GET that answers 200 while the model can be asked. */
  health: string;
}

/** What a container of it may take; null is left to whoever runs it. */
export interface Resources {
  /** Thousandths of a core. */
  cpuMillis: number | null;
  memoryBytes: number | null;
  gpus: number;
}

/** What seal found a package to be: all that a builder and the image need to know of it. */
export interface PackageSpec {
  format: Format;
  /** A file or a folder of the package, `.` for all of it; null where a predictor answers. */
  modelFile: string | null;
  preprocessorFile: string | null;
  predictor: { file: string; class: string } | null;
  /** `3.11`, or null for whatever the base has. */
  pythonMinor: string | null;
  /** PEP 508 lines for the resolver, sorted, without those of the Slipway runtime itself. A line may end in
   *  ` --hash=sha256:…`, once or more: the wheels that the package allows. */
  requirements: string[];
  /** As `requirements`, for what is installed anyway; missing where there are none. */
  constraints?: string[];
  /** Debian packages that the base has besides, of its own release, where they take the place of wheels; sorted, and
   *  missing where there are none. */
  basePackages?: string[];
  signature: Signature | null;
  example: unknown;
  /** Of an older version also `undefined`. */
  expect?: Expect | null;
  environment: Record<string, string>;
  /** `dockerfile`: by the package's own Dockerfile. */
  build: "assemble" | "dockerfile";
  /** Debian packages that the image needs besides, as apt takes them; sorted. */
  systemPackages: string[];
  /** Where the server of an own Dockerfile answers; null where the Slipway runtime serves. */
  serve: Serve | null;
  platforms: Platform[];
  /** Missing in what was sealed before this had a meaning. */
  resources?: Resources;
  /** The front matter of README.md; missing as above. */
  card?: Record<string, unknown>;
}
