/** Every key of `slipway.yaml`, schema 1. */
export const keys = [
  "schema",
  "format",
  "model",
  "preprocessor",
  "predictor",
  "python",
  "requirements",
  "build",
  "system_packages",
  "signature",
  "example",
  "expect",
  "environment",
  "platforms",
  "labels",
  "metadata",
  "serve",
  "resources",
] as const;

export type Key = (typeof keys)[number];

/** What `format` can say, and whether a runtime serves it yet. */
export const declaredFormats = {
  sklearn: "served",
  onnx: "served",
  python: "served",
  xgboost: "not yet",
  lightgbm: "not yet",
  torchscript: "not yet",
  savedmodel: "not yet",
  keras: "not yet",
  mlflow: "not yet",
  bentoml: "not yet",
} as const satisfies Record<string, "served" | "not yet">;
