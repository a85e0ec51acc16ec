import { readConfig } from "#core/config.ts";

/** Settings under which every other one is read. */
export const plainSettings: Readonly<Record<string, string>> = {
  DATABASE_URL: "postgresql://slipway@127.0.0.1/slipway",
  REDIS_URL: "redis://127.0.0.1",
  SLIPWAY_REGISTRY: "127.0.0.1:5000",
  SLIPWAY_BASE: `127.0.0.1:5000/base@sha256:${"0".repeat(64)}`,
  SLIPWAY_S3_BUCKET: "artifacts",
  SLIPWAY_ACCESS: "on",
  SLIPWAY_PUBLIC_URL: "https://slipway.example",
  SLIPWAY_OIDC_ISSUER: "https://id.example",
  SLIPWAY_OIDC_CLIENT_ID: "slipway",
};

/** Certificates, which are for everybody, and a number. */
const notSecret = ["SLIPWAY_REGISTRY_CA", "SLIPWAY_RATE_LIMIT_TOKEN"];

/** The names of all settings that may hold a secret, as the code reads them: what can be given as `…_FILE`, and what
 *  other programs' names say of it. A new one is in it without anybody's doing. */
export function secretSettings(): string[] {
  const asked = new Set<string>();
  const environment = new Proxy(plainSettings, {
    get(settings, name) {
      asked.add(String(name));
      return settings[String(name)];
    },
  });
  readConfig(environment);
  const fromFiles = [...asked].filter((name) => asked.has(`${name}_FILE`));
  const named = [...asked].filter((name) => /(?:PASSWORD|SECRET|TOKEN|SECRET_ACCESS_KEY)$/.test(name));
  return [...new Set([...fromFiles, ...named])].filter((name) => !notSecret.includes(name)).sort();
}
