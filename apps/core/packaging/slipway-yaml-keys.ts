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
