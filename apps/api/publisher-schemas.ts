import { Type } from "typebox";
import { longestIdToken } from "#core/federation/id-token.ts";
import { providers } from "#core/federation/providers.ts";
import {
  mostClaims,
  publisherNameLength,
  publisherNamePattern,
  tokenSecondsRange,
} from "#core/federation/publisher-rule.ts";
import { Grant } from "./access-schemas.ts";
import { closed, nullable, Time } from "./schemas.ts";
import { VersionSource } from "./source-schema.ts";

const Name = Type.String({
  pattern: publisherNamePattern,
  maxLength: publisherNameLength,
  description: "lower-case letters and digits, in groups joined by one '.', '_' or '-'",
  examples: ["churn-main"],
});
const Wanted = Type.Union([Type.String({ minLength: 1, maxLength: 1_000 }), Type.Boolean()]);
const Grants = Type.Array(Grant, { minItems: 1, maxItems: 100 });

export const publisherParams = Type.Object({ name: Name });
export const PublisherSettings = Type.Object(
  {
    provider: Type.Enum([...providers], { description: "Whose tokens they are, and so what is known of their claims" }),
    issuer: Type.String({ maxLength: 1_000, examples: ["https://token.actions.githubusercontent.com"] }),
    audience: Type.Optional(
      Type.String({ minLength: 1, maxLength: 1_000, description: "Left out, this instance's own: SLIPWAY_PUBLIC_URL" }),
    ),
    claims: Type.Record(Type.String({ pattern: "^[^\\s]{1,100}$" }), Wanted, {
      maxProperties: mostClaims,
      description: "What each must be, character by character; `ref` may end in `*`",
      examples: [{ repository: "acme/churn", repository_id: "704512981", ref: "refs/heads/main" }],
    }),
    grants: Grants,
    tokenSeconds: Type.Optional(
      Type.Integer({ ...tokenSecondsRange, description: "How long a token is good for that is given" }),
    ),
    disabled: Type.Optional(Type.Boolean({ description: "It lets nobody in, and what it gave has ended" })),
  },
  closed,
);
export const Publisher = Type.Object({
  name: Type.String(),
  identity: Type.String({ description: "The service account that its pipelines act as" }),
  provider: Type.Enum([...providers]),
  issuer: Type.String(),
  audience: nullable(Type.String({ description: "Null for this instance's own" })),
  claims: Type.Record(Type.String(), Wanted),
  grants: Type.Array(Grant),
  tokenSeconds: Type.Integer(),
  disabled: Type.Boolean(),
  changedAt: Time,
  changedBy: Type.String(),
});

export const TokenToExchange = Type.Object(
  {
    token: Type.String({
      minLength: 1,
      maxLength: longestIdToken,
      description: "Of the pipeline, as its issuer gave it",
    }),
    rule: Type.Optional(
      Type.String({ maxLength: publisherNameLength, description: "The one that is meant, of several" }),
    ),
  },
  closed,
);
export const ExchangedToken = Type.Object({
  token: Type.String({ description: "Shown once" }),
  expiresAt: Time,
  identity: Type.String(),
  grants: Type.Array(Grant),
  rule: Type.String(),
  source: VersionSource,
});
