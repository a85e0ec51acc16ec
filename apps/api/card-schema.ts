import { Type } from "typebox";
import { nullable, proofResult } from "./schemas.ts";

const Tensors = Type.Array(
  Type.Object({
    name: Type.String(),
    type: Type.String(),
    shape: Type.Array(Type.Integer()),
    optional: Type.Boolean(),
  }),
);
export const ModelCard = Type.Object({
  model: Type.String(),
  version: Type.String(),
  frontMatter: Type.Record(Type.String(), Type.Unknown(), { description: "Of the package's README.md" }),
  readme: nullable(Type.String({ description: "The Markdown below the front matter" })),
  description: Type.String(),
  format: nullable(Type.String({ description: "Null of an image that came without a package" })),
  contentDigest: Type.String(),
  sizeBytes: Type.Integer(),
  fileCount: Type.Integer(),
  signature: nullable(Type.Object({ inputs: Tensors, outputs: Tensors })),
  example: Type.Unknown({ description: "A request, or null" }),
  resources: Type.Object({ cpuMillis: Type.Integer(), memoryBytes: Type.Integer(), gpus: Type.Integer() }),
  image: nullable(
    Type.Object({
      reference: Type.String(),
      platforms: Type.Array(Type.Object({ platform: Type.String(), sizeBytes: Type.Integer() })),
    }),
  ),
  proof: nullable(Type.Object(proofResult, { description: "The smoke test of its image" })),
  lock: nullable(
    Type.Object({
      python: Type.String(),
      base: Type.Object({ source: Type.String(), digest: Type.String() }),
      runtime: Type.String({ description: "The version of the Slipway runtime" }),
      requirements: Type.Array(Type.Object({ name: Type.String(), version: Type.String(), sha256: Type.String() })),
    }),
  ),
});
