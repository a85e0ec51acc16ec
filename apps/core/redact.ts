import type { Config } from "./config.ts";

/** A text without the secrets in it. */
export type Redact = (text: string) => string;

const censored = "[redacted]";
/** Tokens and setup codes (access/token.ts), cut or mistyped ones too. */
const tokenShape = "slp[ws]_[0-9A-Za-z]{20,}";
/** A shorter secret is found in words that are none. */
const shortest = 8;

/** Takes out whatever has the shape of a token, and the secrets of the settings as they are, as JSON, percent-encoded and
 *  as the Basic credentials that they are a part of. Whoever puts one into a URL has it in access logs; here it stays out of
 *  them. */
export function redactor(
  config: Pick<
    Config,
    "access" | "secrets" | "signIn" | "database" | "queue" | "registry" | "bases" | "network" | "foreignSecrets"
  >,
): Redact {
  const logins = [
    config.registry.credentials,
    ...config.bases.map((base) => (base.from === "image" ? base.credentials : null)),
  ];
  const secrets = [
    config.access.adminToken,
    config.secrets.key,
    config.secrets.previousKey,
    ...clientSecrets(config.signIn),
    ...logins.flatMap((login) => (login === null ? [] : [login.password, basic(login.username, login.password)])),
    ...config.foreignSecrets,
    ...[config.database.url, config.queue.url, ...networkUrls(config.network)].flatMap(secretsOf),
    ...networkUrls(config.network).map(loneName),
  ].filter((secret) => secret !== null && secret.length >= shortest) as string[];
  const forms = secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]);
  const longestFirst = [...new Set(forms)].sort((a, b) => b.length - a.length).map(escapeForRegExp);
  const pattern = new RegExp([...longestFirst, tokenShape].join("|"), "g");
  return (text) => text.replace(pattern, censored);
}

function clientSecrets(signIn: Config["signIn"]): string[] {
  if (signIn === null || signIn.clientSecret === null) return [];
  return [signIn.clientSecret, basic(signIn.clientId, signIn.clientSecret)];
}

function networkUrls({
  packageIndex,
  extraPackageIndexes,
  torchIndex,
  aptMirrors,
  proxies,
}: Config["network"]): string[] {
  const indexes = [packageIndex ?? "", ...extraPackageIndexes, torchIndex ?? ""];
  return [...indexes, ...aptMirrors, proxies.http, proxies.https].filter(Boolean);
}

/** What a URL holds that lets in: its password, and what its query says to be one. As the URL has it, and decoded. */
function secretsOf(url: string): string[] {
  const { username, password, searchParams } = new URL(url);
  const secret = decoded(password);
  const asked = [...searchParams].flatMap(([key, value]) => (/pass|token|secret|key|sig/i.test(key) ? [value] : []));
  return secret === "" ? asked : [password, secret, basic(decoded(username), secret), ...asked];
}

/** Some indexes have a token for the name, and no password. */
function loneName(url: string): string {
  const { username, password } = new URL(url);
  return password === "" ? decoded(username) : "";
}

function basic(username: string, password: string): string {
  return Buffer.from(`${username}:${password}`).toString("base64");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function escapeForRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
