import { Type } from "typebox";
import { digestPattern } from "#core/artifacts/digest.ts";
import { Moment } from "./moment.ts";
import { Evidence } from "./promotion-schemas.ts";
import { closed, nullable, Reason, SemverText, Time } from "./schemas.ts";

export const tagParams = Type.Object({ model: Type.String(), tag: Type.String() });

const tagFields = {
  model: Type.String(),
  tag: Type.String(),
  revision: Type.Integer(),
  movedAt: Time,
  movedBy: Type.String(),
  reason: Type.String(),
};
export const Tag = Type.Object({
  ...tagFields,
  version: Type.String(),
  imageDigest: Type.String(),
  registries: Type.Optional(
    Type.Array(
      Type.Object({
        reference: Type.String({ examples: ["registry.example.com/churn:prod"] }),
        status: Type.Enum(["pending", "synced", "drifted"]),
        reason: nullable(Type.String()),
        since: Time,
      }),
      { description: "The tag in image registries; not told of what was at a time" },
    ),
  ),
});
export const TagMove = Type.Object({
  ...tagFields,
  version: nullable(Type.String()),
  imageDigest: nullable(Type.String()),
  from: nullable(Type.String()),
  to: nullable(Type.String()),
  promotion: nullable(Evidence),
});

/** Where a tag goes: one of the two. */
export const destination = {
  version: Type.Optional(SemverText),
  digest: Type.Optional(
    Type.String({
      pattern: digestPattern,
      maxLength: 71,
      description: "sha256: and 64 hexadecimal digits, of the version's image",
    }),
  ),
};
/** What is said of it. */
export const terms = {
  reason: Type.Optional(Reason),
  breaksSignature: Type.Optional(
    Type.Boolean({ description: "The signature may be another than that of the version that has the tag" }),
  ),
  notBefore: Moment("Waits until then"),
};
export const TagTarget = Type.Object({ ...destination, ...terms }, closed);
export const TagMoves = Type.Object(
  {
    moves: Type.Array(
      Type.Object(
        {
          tag: Type.String({ maxLength: 200 }),
          ...destination,
          revision: Type.Optional(
            Type.Integer({
              minimum: 0,
              maximum: 999_999_999,
              description: "Only from that one; 0: only where it is not set",
            }),
          ),
        },
        closed,
      ),
      { minItems: 1, maxItems: 100 },
    ),
    reason: Type.Optional(Reason),
    breaksSignature: terms.breaksSignature,
  },
  closed,
);
export const Rollback = Type.Object(
  {
    to: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 999_999_999,
        description: "A revision of its history; else the one before the present",
      }),
    ),
    reason: Type.Optional(Reason),
    breaksSignature: terms.breaksSignature,
    force: Type.Optional(Type.Boolean({ description: "No policy is asked; a reason has to be given, and is kept" })),
  },
  closed,
);
