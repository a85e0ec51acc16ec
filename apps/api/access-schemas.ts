import { Type } from "typebox";
import { identityKinds, identityNameLength, identityNamePattern } from "#core/access/identities.ts";
import { namePatternLength, namePatternSource } from "#core/access/name-pattern.ts";
import { roles } from "#core/access/roles.ts";
import { closed, nullable, Time } from "./schemas.ts";

export const Grant = Type.Object(
  {
    role: Type.Enum([...roles]),
    pattern: Type.String({
      pattern: namePatternSource,
      maxLength: namePatternLength,
      description: "* for all models, a model's name, or a group such as fraud.*",
      examples: ["fraud.*"],
    }),
    tags: Type.Optional(
      Type.Array(Type.String(), { maxItems: 100, description: "Of a promoter: the tags that it may move; else all" }),
    ),
  },
  { ...closed, description: "A role on the models of a pattern" },
);
const Grants = Type.Array(Grant, { maxItems: 100 });
const AccountToTie = Type.Object(
  {
    subject: Type.String({
      pattern: "^[\\x20-\\x7e]{1,255}$",
      description: "the sub of the person's account at the provider, 1 to 255 ASCII characters",
    }),
  },
  { ...closed, description: "What a person signs in with, at the provider of SLIPWAY_OIDC_ISSUER" },
);
export const NewIdentity = Type.Object(
  {
    name: Type.String({
      pattern: identityNamePattern,
      maxLength: identityNameLength,
      description: "lower-case letters and digits, in groups joined by one '.', '_', '@' or '-'",
      examples: ["ci-fraud"],
    }),
    kind: Type.Enum([...identityKinds]),
    title: Type.Optional(Type.String({ maxLength: 200 })),
    grants: Type.Optional(Grants),
    signIn: Type.Optional(AccountToTie),
  },
  closed,
);
export const FirstAdministrator = Type.Pick(NewIdentity, ["name", "title"], closed);
export const IdentityChanges = Type.Object(
  {
    title: Type.Optional(Type.String({ maxLength: 200 })),
    grants: Type.Optional(Grants),
    disabled: Type.Optional(Type.Boolean()),
    signIn: Type.Optional(nullable(AccountToTie)),
  },
  { ...closed, minProperties: 1 },
);
export const Identity = Type.Object({
  name: Type.String(),
  kind: Type.Enum([...identityKinds]),
  title: Type.String(),
  grants: Grants,
  disabled: Type.Boolean(),
  createdAt: Time,
  createdBy: Type.String(),
  signIn: nullable(
    Type.Object({
      issuer: Type.String(),
      subject: Type.String(),
      grants: Type.Array(Grant, { description: "By the groups of the last sign-in, for the tokens of sign-ins" }),
      signedInAt: nullable(Time),
    }),
  ),
});
export const NewToken = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 200, description: "What it is for", examples: ["nightly build"] }),
    grants: Type.Optional(Grants),
    networks: Type.Optional(
      Type.Array(Type.String({ maxLength: 100 }), {
        maxItems: 100,
        description: "Where it may be used from: addresses, or networks such as 10.1.0.0/16; else everywhere",
      }),
    ),
    expiresAt: Type.Optional(Time),
  },
  closed,
);
const tokenFields = {
  id: Type.String(),
  identity: Type.String(),
  name: Type.String(),
  grants: nullable(Grants),
  networks: Type.Array(Type.String()),
  createdAt: Time,
  createdBy: Type.String(),
  expiresAt: nullable(Time),
  lastUsedAt: nullable(Time),
  revokedAt: nullable(Time),
};
export const Token = Type.Object(tokenFields);
export const MadeToken = Type.Object({
  token: nullable(Type.String({ description: "Shown once; null where the answer is sent again" })),
  ...tokenFields,
});
export const Me = Type.Object({
  name: Type.String(),
  kind: nullable(Type.Enum([...identityKinds])),
  title: Type.String(),
  grants: Grants,
  token: nullable(Token),
});

export const identityParams = Type.Object({ identity: Type.String() });
export const tokenParams = Type.Object({ identity: Type.String(), token: Type.String() });
