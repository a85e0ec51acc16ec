import { Type } from "typebox";
import { nullable, Version } from "./schemas.ts";

const Content = nullable(Type.Object({ digest: Type.String(), sizeBytes: Type.Integer() }));
const Changes = Type.Array(
  Type.Object({ path: Type.String(), from: Type.Optional(Type.Any()), to: Type.Optional(Type.Any()) }),
  { description: "By path; a side that has nothing there is left out" },
);

export const Comparison = Type.Object({
  model: Type.String(),
  from: Version,
  to: Version,
  files: Type.Object({
    added: Type.Integer(),
    removed: Type.Integer(),
    changed: Type.Integer(),
    same: Type.Integer(),
    items: Type.Array(Type.Object({ path: Type.String(), from: Content, to: Content }), {
      description: "The first 200 that differ, by path",
    }),
  }),
  metadata: Changes,
  labels: Changes,
  signature: Changes,
  requirements: nullable(
    Type.Array(Type.Object({ name: Type.String(), from: nullable(Type.String()), to: nullable(Type.String()) }), {
      description: "Null where one of the two has no lock",
    }),
  ),
  image: nullable(
    Type.Object({
      fromBytes: Type.Integer(),
      toBytes: Type.Integer(),
      newBytes: Type.Integer({ description: "Of layers that the first has not" }),
    }),
  ),
});
