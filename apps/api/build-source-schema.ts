import { Type } from "typebox";
import { healthPathPattern, servePorts } from "#core/packaging/declared-build.ts";
import { closed } from "./schemas.ts";

const sourceText = (description: string) => Type.String({ minLength: 1, maxLength: 2_000, description });
const ImageSource = Type.Object(
  {
    repository: sourceText("Where its code is"),
    commit: sourceText("Which state of it"),
    run: Type.Optional(sourceText("The run of the pipeline that built it")),
  },
  { ...closed, description: "What the image was built from" },
);
const Serve = Type.Object(
  {
    port: Type.Integer({ minimum: servePorts.from, maximum: servePorts.to }),
    health: Type.String({ pattern: healthPathPattern, description: "a path such as /healthz" }),
  },
  { ...closed, description: "How it serves, where that is not as Slipway's own images do" },
);

export const BuildSource = Type.Object(
  {
    lock: Type.Optional(Type.Unknown({ description: "Of another build, to build by: as that gives it" })),
    image: Type.Optional(
      Type.String({
        maxLength: 1_000,
        description: "host/repository@sha256:…, built elsewhere and in a known registry",
      }),
    ),
    source: Type.Optional(ImageSource),
    serve: Type.Optional(Serve),
  },
  closed,
);
