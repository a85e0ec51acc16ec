import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { plainSettings, secretSettings } from "#test/secret-settings.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
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

describe("every setting that may hold a secret", () => {
  const secret = "plant/every+setting=0123456789abcdef";
  const valueFor = (name: string): string => {
    if (!/URL$|PROXY$|INDEX(?:ES)?$|MIRROR$/i.test(name)) return secret;
    const scheme = name === "DATABASE_URL" ? "postgres" : name === "REDIS_URL" ? "redis" : "http";
    return `${scheme}://planted:${encodeURIComponent(secret)}@host.example/path`;
  };
  const withName = (name: string) =>
    name.endsWith("_PASSWORD") ? { [name.replace(/PASSWORD$/, "USERNAME")]: "planted" } : {};
  // There is none before without one now.
  const key = { SLIPWAY_SECRET_KEY: "0123456789".repeat(4) };
  const forms = [secret, encodeURIComponent(secret), Buffer.from(`planted:${secret}`).toString("base64")];

  it.each(secretSettings())("%s shows in no log", (name) => {
    const settings = { ...plainSettings, ...key, ...withName(name), [name]: valueFor(name) };
    expect(redactor(readConfig(settings))(forms.slice(0, 2).join(" "))).toBe("[redacted] [redacted]");
    if (/^(?:AWS|AZURE)_/.test(name)) return;
    const file = join(temporaryFolder(), "secret");
    writeFileSync(file, `${valueFor(name)}\n`);
    const { [name]: _, ...others } = settings as Record<string, string>;
    const hide = redactor(readConfig({ ...others, [`${name}_FILE`]: file }));
    expect(hide(forms.slice(0, 2).join(" "))).toBe("[redacted] [redacted]");
    if (/URL$|PROXY$|PASSWORD$|INDEX(?:ES)?$|MIRROR$/i.test(name))
      expect(hide(`Basic ${forms[2]}`)).not.toContain(forms[2]);
  });

  it("is known from the files of the AWS SDK, too", () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, ".aws"));
    const file = join(folder, ".aws/credentials");
    writeFileSync(file, `[default]\naws_access_key_id = AKIA\naws_secret_access_key=${secret}\n`);
    const hide = redactor(readConfig({ ...plainSettings, AWS_SHARED_CREDENTIALS_FILE: file }));
    expect(hide(`signed with ${secret} as AKIA`)).toBe("signed with [redacted] as AKIA");
  });

  it("is a token that stands for the name in an index's address, and a password in a query", () => {
    const hide = redactor(
      readConfig({
        ...plainSettings,
        SLIPWAY_PACKAGE_INDEX: "https://index-token-0123@pypi.example/simple",
        DATABASE_URL: "postgres://postgres@127.0.0.1/slipway?password=from-the-query",
      }),
    );
    expect(hide("index-token-0123 from-the-query postgres")).toBe("[redacted] [redacted] postgres");
  });
});
