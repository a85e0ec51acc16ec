import type { Config } from "./config.ts";

/** A text without the secrets in it. */
export type Redact = (text: string) => string;

const censored = "[redacted]";
/** Tokens and setup codes (access/token.ts), cut or mistyped ones too. */
const tokenShape = "slp[ws]_[0-9A-Za-z]{20,}";
/** A shorter secret is found in words that are none. */
const shortest = 8;

/** Takes out whatever has the shape of a token, and the secrets of the settings as they are, as JSON and percent-encoded.
 *  Whoever puts one into a URL has it in access logs; here it stays out of them. */
export function redactor(
  config: Pick<
    Config,
    "access" | "secrets" | "database" | "queue" | "registry" | "base" | "network" | "foreignSecrets"
  >,
): Redact {
  const secrets = [
    config.access.adminToken,
    config.secrets.key,
    config.secrets.previousKey,
    config.registry.credentials?.password,
    config.base.from === "image" ? config.base.credentials?.password : null,
    ...config.foreignSecrets,
    ...[config.database.url, config.queue.url, ...networkUrls(config.network)].flatMap(passwordsOf),
  ].filter((secret) => secret !== null && secret !== undefined && secret.length >= shortest) as string[];
  const forms = secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]);
  const longestFirst = [...new Set(forms)].sort((a, b) => b.length - a.length).map(escapeForRegExp);
  const pattern = new RegExp([...longestFirst, tokenShape].join("|"), "g");
  return (text) => text.replace(pattern, censored);
}

function networkUrls({ packageIndex, extraPackageIndexes, aptMirrors, proxies }: Config["network"]): string[] {
  return [packageIndex ?? "", ...extraPackageIndexes, ...aptMirrors, proxies.http, proxies.https].filter(Boolean);
}

/** As the URL has it, and decoded where that can be done. */
function passwordsOf(url: string): string[] {
  const { password } = new URL(url);
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}

function escapeForRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
