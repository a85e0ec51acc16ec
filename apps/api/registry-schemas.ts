import { Type } from "typebox";
import { namePatternLength } from "#core/access/name-pattern.ts";
import { registrySteps, stepStatuses } from "#core/images/registries/prove-registry.ts";
import { registryAuths } from "#core/images/registries/registry-auth.ts";
import { closed, nullable, Time } from "./schemas.ts";

export const RegistrySettings = Type.Object(
  {
    host: Type.String({ maxLength: 255, description: "host or host:port", examples: ["ghcr.io"] }),
    repository: Type.Optional(
      Type.String({
        maxLength: 120,
        description: "Path of a model's repository: a prefix, or a template with {model}, {group}, {name}",
        examples: ["team/{model}"],
      }),
    ),
    auth: Type.Optional(Type.Enum([...registryAuths])),
    username: Type.Optional(Type.String({ minLength: 1, maxLength: 1_000 })),
    password: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 20_000,
        description: "Never shown again; left out, the one that is stored stays for the same host and username",
      }),
    ),
    createRepositories: Type.Optional(Type.Boolean({ description: "Makes what does not exist (ECR)" })),
    plainHttp: Type.Optional(Type.Boolean({ description: "Without TLS" })),
    ca: Type.Optional(Type.String({ maxLength: 200_000, description: "Certificates (PEM) of its authority" })),
    models: Type.Optional(
      Type.Array(Type.String({ maxLength: namePatternLength }), {
        maxItems: 1_000,
        description: "Patterns of the models whose images go there by default",
        examples: [["fraud.*"]],
      }),
    ),
  },
  closed,
);
export const ImageRegistry = Type.Object({
  name: Type.String(),
  from: Type.Enum(["settings", "api"]),
  host: Type.String(),
  repository: Type.String(),
  auth: Type.Enum([...registryAuths]),
  username: nullable(Type.String()),
  hasPassword: Type.Boolean(),
  createRepositories: Type.Boolean(),
  plainHttp: Type.Boolean(),
  ca: nullable(Type.String()),
  models: Type.Array(Type.String()),
  changedAt: nullable(Time),
  changedBy: nullable(Type.String()),
});
export const RegistryCheck = Type.Object({
  registry: Type.String(),
  host: Type.String(),
  repository: Type.String({ description: "Where it was tried" }),
  works: Type.Boolean({ description: "All that images need: all but mount and delete" }),
  steps: Type.Array(
    Type.Object({
      step: Type.Enum([...registrySteps]),
      status: Type.Enum([...stepStatuses]),
      message: nullable(Type.String({ description: "What was found" })),
      change: nullable(Type.String({ description: "What to change" })),
    }),
  ),
  left: Type.Array(Type.String(), { description: "What the check could not remove again" }),
});
