import { digestOf } from "#core/artifacts/digest.ts";
import type { BuildRequest } from "#core/images/image-builder.ts";

/** The Slipway runtime and no model: its layers are those of any package without requirements. */
export const bareRequest: BuildRequest = {
  model: "slipway-asker",
  version: "0.0.0",
  contentDigest: digestOf(""),
  spec: {
    format: "python",
    modelFile: null,
    preprocessorFile: null,
    predictor: null,
    pythonMinor: null,
    requirements: [],
    signature: null,
    example: null,
    environment: {},
    platforms: ["linux/amd64"],
    build: "assemble",
    systemPackages: [],
    serve: null,
  },
  metadata: {},
  files: [],
  lock: null,
};
