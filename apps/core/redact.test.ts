import { expect, it } from "vitest";
import { newToken } from "./access/token.ts";
import { readConfig } from "./config.ts";
import { redactor } from "./redact.ts";

const admin = 'an "administrator"/token, of 32+ characters';
const redact = redactor(
  readConfig({
    DATABASE_URL: "postgresql://slipway:pg%2Fpassword@127.0.0.1/slipway",
    REDIS_URL: "redis://:redis+password@127.0.0.1",
    SLIPWAY_REGISTRY: "127.0.0.1:5000",
    SLIPWAY_REGISTRY_USERNAME: "ci",
    SLIPWAY_REGISTRY_PASSWORD: "short",
    SLIPWAY_ADMIN_TOKEN: admin,
    AWS_SECRET_ACCESS_KEY: "aws/secret+key",
    AWS_SESSION_TOKEN: "",
  }),
);

it("takes tokens and the secrets of the settings out of a text, however they are written", () => {
  const token = newToken("token");
  for (const secret of [token, token.slice(0, -4), newToken("setup"), admin, encodeURIComponent(admin)])
    expect(redact(`GET /v1/models?token=${secret}&limit=1`)).toBe("GET /v1/models?token=[redacted]&limit=1");
  expect(redact(JSON.stringify({ secret: admin }))).toBe('{"secret":"[redacted]"}');
  expect(redact("key aws/secret+key, aws%2Fsecret%2Bkey")).toBe("key [redacted], [redacted]");
  expect(redact("pg/password pg%2Fpassword redis+password redis%2Bpassword")).toBe(
    "[redacted] [redacted] [redacted] [redacted]",
  );
});

it("leaves everything else as it is, and words that a short secret is a part of", () => {
  for (const text of ["slipway_model slpw_short", "shortest", ""]) expect(redact(text)).toBe(text);
});
