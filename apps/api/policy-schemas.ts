import { Type } from "typebox";
import { checkNameLength, most, mostApprovals } from "#core/policies/parse-rules.ts";
import { weekdays } from "#core/policies/policy.ts";
import { closed, nullable, Time } from "./schemas.ts";

export const policyParams = Type.Object({
  pattern: Type.String(),
  tag: Type.String({ description: "A tag's name, or `*` for every tag that is moved by promotion" }),
});

const Condition = Type.Object(
  {
    expression: Type.String({
      maxLength: 1_000,
      examples: ["candidate.metadata.metrics.auc >= holder.metadata.metrics.auc - 0.002"],
    }),
    withoutHolder: Type.Optional(
      Type.Enum(["pass", "fail"], {
        description: "What holds while no version has the tag; said where `holder` is named",
      }),
    ),
  },
  closed,
);
const Window = Type.Object(
  {
    days: Type.Array(Type.Enum([...weekdays]), { minItems: 1, maxItems: 7 }),
    from: Type.String({ maxLength: 5, examples: ["09:00"] }),
    to: Type.String({ maxLength: 5, examples: ["16:00"] }),
    timeZone: Type.String({ maxLength: 100, examples: ["Europe/Berlin"] }),
  },
  closed,
);
const Freeze = Type.Object(
  {
    from: Type.String({ maxLength: 40, examples: ["2026-12-20T00:00:00Z"] }),
    to: Type.Optional(Type.String({ maxLength: 40, description: "None: until the policy is changed" })),
    reason: Type.String({ minLength: 1, maxLength: 500 }),
  },
  closed,
);

export const GivenRules = Type.Object(
  {
    proof: Type.Optional(Type.Boolean({ description: "The image's smoke test has passed" })),
    sameSignature: Type.Optional(
      Type.Boolean({ description: "Inputs and outputs are the holder's, unless `breaksSignature` is said" }),
    ),
    conditions: Type.Optional(Type.Array(Condition, { maxItems: most.conditions })),
    checks: Type.Optional(
      Type.Array(Type.String({ maxLength: checkNameLength }), { maxItems: most.checks, examples: [["evaluation"]] }),
    ),
    approvals: Type.Optional(
      Type.Object(
        {
          count: Type.Integer({ minimum: 1, maximum: mostApprovals }),
          role: Type.Optional(Type.Enum(["approver", "administrator"])),
        },
        { ...closed, description: "By others than whoever asks, of this image under these policies" },
      ),
    ),
    soak: Type.Optional(
      Type.Object(
        { tag: Type.String({ maxLength: 128 }), hours: Type.Number({ minimum: 0, maximum: 8_760 }) },
        { ...closed, description: "The other tag has pointed at the version for so long, without a break" },
      ),
    ),
    windows: Type.Optional(Type.Array(Window, { maxItems: most.windows })),
    freezes: Type.Optional(Type.Array(Freeze, { maxItems: most.freezes })),
    copyTo: Type.Optional(
      Type.Array(Type.String({ maxLength: 64 }), {
        maxItems: most.copyTo,
        description: "Registries that the image is copied to, and that have the tag, too",
      }),
    ),
    waitHours: Type.Optional(
      Type.Number({ description: "How long a promotion waits before it fails; 168 if not said" }),
    ),
  },
  closed,
);

export const Policy = Type.Object({
  models: Type.String(),
  tag: Type.String(),
  version: Type.Integer(),
  rules: Type.Object({
    proof: Type.Boolean(),
    sameSignature: Type.Boolean(),
    conditions: Type.Array(Type.Object({ expression: Type.String(), withoutHolder: nullable(Type.String()) })),
    checks: Type.Array(Type.String()),
    approvals: nullable(Type.Object({ count: Type.Integer(), role: Type.String() })),
    soak: nullable(Type.Object({ tag: Type.String(), hours: Type.Number() })),
    windows: Type.Array(
      Type.Object({
        days: Type.Array(Type.String()),
        from: Type.String(),
        to: Type.String(),
        timeZone: Type.String(),
      }),
    ),
    freezes: Type.Array(Type.Object({ from: Type.String(), to: nullable(Type.String()), reason: Type.String() })),
    copyTo: Type.Array(Type.String()),
    waitHours: Type.Number(),
  }),
  createdAt: Time,
  createdBy: Type.String(),
  endedAt: nullable(Type.String({ format: "date-time", description: "Null of the version that holds" })),
});
