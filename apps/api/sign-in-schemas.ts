import { Type } from "typebox";
import { Grant } from "./access-schemas.ts";
import { closed, Time } from "./schemas.ts";

const intervalSeconds = Type.Integer({ description: "Between two questions" });

/** What nobody sees, or what moves what one sees: controls, formats, separators, private use. Written out, since what reads the
 *  OpenAPI document knows no `\p{…}`. */
const unseen =
  "\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ue000-\\uf8ff\\ufeff\\ufff9-\\ufffb\u{e0000}-\u{e007f}";
/** But the apostrophe: no name ends where it is quoted, and goes on in other words. */
const quotes =
  '"\\u00ab\\u00bb\\u2018-\\u201f\\u2039\\u203a\\u2e42\\u300c-\\u300f\\u301d-\\u301f\\ufe41-\\ufe44\\uff02\\uff07\\uff62\\uff63';

export const NewDevice = Type.Object(
  {
    name: Type.Optional(
      Type.String({
        pattern: `^[^${unseen}${quotes}]{0,60}$`,
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
