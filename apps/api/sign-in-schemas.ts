import { Type } from "typebox";
import { Grant } from "./access-schemas.ts";
import { closed, Time } from "./schemas.ts";

const intervalSeconds = Type.Integer({ description: "Between two questions" });

export const NewDevice = Type.Object(
  {
    name: Type.Optional(
      Type.String({
        // Of quotation marks an apostrophe alone: no name ends where it is quoted, and goes on in other words.
        pattern: "^(?:'|[^\\p{C}\\p{Zl}\\p{Zp}\\p{Quotation_Mark}]){0,60}$",
        description:
          "what its person knows it by, at most 60 characters on one line, without quotation marks and what nobody sees",
        examples: ["ada's laptop"],
      }),
    ),
  },
  closed,
);
export const StartedDevice = Type.Object({
  deviceCode: Type.String({ description: "For the terminal alone" }),
  userCode: Type.String({ examples: ["BCDF-GHJK"] }),
  verificationUri: Type.String(),
  verificationUriComplete: Type.String({ description: "With the code in it" }),
  expiresAt: Time,
  intervalSeconds,
});
export const DeviceToAsk = Type.Object({ deviceCode: Type.String({ minLength: 1, maxLength: 100 }) }, closed);
export const WaitingDevice = Type.Object({ status: Type.Enum(["waiting"]), intervalSeconds });
export const SignedInToken = Type.Object({
  token: Type.String({ description: "Shown once" }),
  expiresAt: Time,
  identity: Type.String(),
  grants: Type.Array(Grant),
});
