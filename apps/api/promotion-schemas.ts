import { Type } from "typebox";
import { checkNameLength, checkNamePattern } from "#core/policies/parse-rules.ts";
import { rules } from "#core/policies/verdict.ts";
import { checkStatuses } from "#core/promotion/checks.ts";
import { promotionStatuses } from "#core/promotion/promotion.ts";
import { closed, nullable, Reason, Time } from "./schemas.ts";

export const promotionParams = Type.Object({ id: Type.String() });

export const Verdict = Type.Object({
  policy: nullable(
    Type.Object(
      { models: Type.String(), tag: Type.String(), version: Type.Integer() },
      { description: "That asks for it; null for the time that a promotion was put off to" },
    ),
  ),
  rule: Type.Enum([...rules]),
  status: Type.Enum(["passed", "failed", "waiting"]),
  reason: Type.String({ description: "In one line, with what was found" }),
  holdsAt: nullable(Type.String({ format: "date-time", description: "When it holds by time alone" })),
});

const Approval = Type.Object({
  approver: Type.String(),
  decision: Type.Enum(["approved", "rejected"]),
  roles: Type.Array(Type.String()),
  imageDigest: Type.String({ description: "What it is for: it is void for any other" }),
  comment: Type.String(),
  at: Time,
});

/** What a move was allowed on. */
export const Evidence = Type.Object({
  id: Type.String(),
  forced: Type.Boolean({ description: "No policy was asked" }),
  requestedBy: Type.String(),
  verdicts: Type.Array(Verdict),
  approvals: Type.Array(Approval),
});

export const Promotion = Type.Object({
  id: Type.String(),
  model: Type.String(),
  tag: Type.String(),
  version: Type.String(),
  imageDigest: Type.String(),
  from: nullable(Type.String({ description: "The version that had the tag when it was asked for" })),
  status: Type.Enum([...promotionStatuses], {
    description: "`applying`: the tag has moved, and an image registry does not have it yet",
  }),
  reason: Type.String(),
  requestedAt: Time,
  requestedBy: Type.String(),
  notBefore: nullable(Time),
  waitsUntil: nullable(Type.String({ format: "date-time", description: "When it fails if it still waits" })),
  breaksSignature: Type.Boolean(),
  forced: Type.Boolean(),
  rollback: Type.Boolean({ description: "Asked for as one" }),
  verdicts: Type.Array(Verdict, { description: "Of each rule that holds for the tag, as last looked at" }),
  approvals: Type.Array(Approval),
  revision: nullable(Type.Integer({ description: "Of the tag, that it has made" })),
  explanation: nullable(Type.String({ description: "Why it ended without a move" })),
  endedBy: nullable(Type.String()),
  endedAt: nullable(Time),
});

/** What a dry run answers. */
export const Preview = Type.Object({
  model: Type.String(),
  tag: Type.String(),
  version: Type.String(),
  imageDigest: Type.String(),
  from: nullable(Type.String()),
  outcome: Type.Enum(["moves", "waits", "refused", "stays"]),
  verdicts: Type.Array(Verdict),
});

export const Decision = Type.Object(
  {
    decision: Type.Enum(["approved", "rejected"]),
    comment: Type.Optional(Reason),
  },
  closed,
);
export const Cancellation = Type.Object({ reason: Type.Optional(Reason) }, closed);

export const NewCheck = Type.Object(
  {
    name: Type.String({
      pattern: checkNamePattern,
      maxLength: checkNameLength,
      description: "lower-case letters and digits, in groups joined by one '.', '_' or '-'",
      examples: ["evaluation"],
    }),
    status: Type.Enum([...checkStatuses]),
    summary: Type.Optional(Type.String({ maxLength: 500, description: "One line for people" })),
    url: Type.Optional(
      Type.String({ maxLength: 2_000, pattern: "^https?://[^\\s]+$", description: "an address with http or https" }),
    ),
    data: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), {
        description: "For conditions of policies, as `candidate.checks.evaluation.data`",
        examples: [{ auc: 0.93 }],
      }),
    ),
  },
  closed,
);
export const Check = Type.Object({
  id: Type.String(),
  model: Type.String(),
  version: Type.String(),
  name: Type.String(),
  status: Type.Enum([...checkStatuses]),
  summary: Type.String(),
  url: nullable(Type.String()),
  data: Type.Record(Type.String(), Type.Unknown()),
  createdAt: Time,
  createdBy: Type.String(),
});
