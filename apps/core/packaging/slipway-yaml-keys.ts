/** Every key of `slipway.yaml`, schema 1, and whether it has a meaning yet. */
export const keyStates = {
  schema: "read",
  format: "read",
  model: "read",
  preprocessor: "read",
  predictor: "read",
  python: "read",
  requirements: "read",
  build: "read",
  system_packages: "read",
  signature: "read",
  example: "read",
  expect: "read",
  environment: "read",
  platforms: "read",
  labels: "read",
  metadata: "read",
  serve: "read",
  resources: "read",
} as const satisfies Record<string, "read" | "not yet">;

export type Key = keyof typeof keyStates;

export const keys = Object.keys(keyStates) as Key[];

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
