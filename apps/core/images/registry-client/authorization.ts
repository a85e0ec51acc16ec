/*
 * How a registry lets us in (https://distribution.github.io/distribution/spec/auth/token/):
 *
 *   GET /v2/ → 200                                       nobody is asked for anything
 *            → 401, WWW-Authenticate: Basic              name and password with each request
 *            → 401, WWW-Authenticate: Bearer realm=…     GET realm?service=…&scope=… → {token, expires_in}
 *
 * It is found out before the first request, so that no body is ever sent just to be refused.
 */
import { isLoopback } from "#core/loopback.ts";
import { parseChallenges } from "./challenge.ts";
import type { CredentialSource, Credentials } from "./credential-source.ts";
import { readLimited } from "./read-limited.ts";
import { RegistryError } from "./registry-error.ts";
import { retryAfterMs } from "./retry-after.ts";
import type { Transport } from "./transport.ts";

export interface Authorization {
  /** The value of the header for a request within these scopes, or null where none is needed. */
  header(scopes: readonly string[], signal: AbortSignal): Promise<string | null>;
  /** A request within these scopes was refused with this challenge: what was known of them is forgotten. */
  refused(scopes: readonly string[], challenge: string | undefined): void;
}

type Way = { kind: "open" } | { kind: "basic" } | { kind: "token"; realm: URL; service: string | null };

interface Token {
  value: string;
  /** Milliseconds of the clock after which another is asked for. */
  freshUntil: number;
}

/** Where a token says nothing (the specification's default). */
const defaultLifetimeSeconds = 60;
/** A token answer is a few kilobytes; a body past this is no token. */
const tokenAnswerLimitBytes = 1024 * 1024;

export function openAuthorization(transport: Transport, origin: URL, source: CredentialSource): Authorization {
  let way: Way | null = null;
  const tokens = new Map<string, Token>();
  return {
    async header(scopes, signal) {
      way ??= await findWay(transport, origin, signal);
      if (way.kind === "open") return null;
      if (way.kind === "basic") return basic(await requiredLogin(origin, source, signal));
      const key = scopes.join(" ");
      const known = tokens.get(key);
      if (known !== undefined && known.freshUntil > Date.now()) return `Bearer ${known.value}`;
      const token = await fetchToken(transport, way, scopes, source, signal);
      tokens.set(key, token);
      return `Bearer ${token.value}`;
    },
    refused(scopes, challenge) {
      tokens.delete(scopes.join(" "));
      if (way?.kind === "basic") source.refused();
      if (challenge !== undefined) way = wayOf(origin, challenge);
    },
  };
}

async function requiredLogin(origin: URL, source: CredentialSource, signal: AbortSignal): Promise<Credentials> {
  const credentials = await source.login(signal);
  if (credentials !== null) return credentials;
  throw new RegistryError(`registry ${origin.host} asks for a login: set ${source.kept}`, { status: 401 });
}

async function findWay(transport: Transport, origin: URL, signal: AbortSignal): Promise<Way> {
  const answer = await transport.send({ method: "GET", url: new URL("/v2/", origin), signal });
  await answer.body.dump();
  // A registry may let anybody in here and ask for a login later, when something is written.
  if (answer.status !== 401) return { kind: "open" };
  return wayOf(origin, answer.headers["www-authenticate"] ?? "");
}

function wayOf(origin: URL, header: string): Way {
  const challenges = parseChallenges(header);
  const bearer = challenges.find(({ scheme }) => scheme === "bearer");
  if (bearer !== undefined) return tokenWay(origin, bearer.parameters);
  if (challenges.some(({ scheme }) => scheme === "basic")) return { kind: "basic" };
  throw new RegistryError(`registry ${origin.host} asks for a login in a way that is not known here`, { status: 401 });
}

function basic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function tokenWay(origin: URL, parameters: Record<string, string>): Way {
  const realm = parameters["realm"] ?? "";
  if (!URL.canParse(realm))
    throw new RegistryError(`registry ${origin.host} sends for a token to "${realm}", which is no address`, {
      status: 401,
    });
  const url = new URL(realm);
  // By plain http only where the registry itself is reached so: on this machine, or by its own setting.
  const plain = origin.protocol === "http:" && (url.host === origin.host || isLoopback(url.hostname));
  const safe = url.protocol === "https:" || (url.protocol === "http:" && plain);
  if (!safe)
    throw new RegistryError(
      `registry ${origin.host} sends for a token to ${url.origin}: credentials go by https only`,
      {
        status: 401,
      },
    );
  return { kind: "token", realm: url, service: parameters["service"] ?? null };
}

/** A login that is refused is fetched anew, once: where it is one that changes. */
async function fetchToken(
  transport: Transport,
  way: Way & { kind: "token" },
  scopes: readonly string[],
  source: CredentialSource,
  signal: AbortSignal,
): Promise<Token> {
  const url = new URL(way.realm);
  if (way.service !== null) url.searchParams.set("service", way.service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  const ask = async (credentials: Credentials | null) => {
    const headers = credentials === null ? {} : { authorization: basic(credentials) };
    const askedAt = Date.now();
    const answer = await transport.send({ method: "GET", url, headers, signal });
    const text = (await readLimited(answer.body, tokenAnswerLimitBytes, `the token of ${url.host}`, signal)).toString(
      "utf8",
    );
    return { status: answer.status, retryAfter: answer.headers["retry-after"], text, askedAt };
  };
  const first = await source.login(signal);
  let answer = await ask(first);
  if (answer.status === 401 && first !== null) {
    source.refused();
    const second = await source.login(signal);
    if (second !== null && second.password !== first.password) answer = await ask(second);
  }
  if (answer.status !== 200)
    throw new RegistryError(
      `${url.host} gave no token for ${scopes.join(" ")}: it answered ${answer.status}` +
        (answer.status === 401 ? `; check ${source.kept}` : ""),
      { status: answer.status, retryAfterMs: retryAfterMs(answer.retryAfter) },
    );
  const { value, lifetimeSeconds } = parseToken(answer.text, url.host);
  return { value, freshUntil: answer.askedAt + Math.max(lifetimeSeconds - 10, lifetimeSeconds / 2) * 1_000 };
}

function parseToken(text: string, host: string): { value: string; lifetimeSeconds: number } {
  const document = parseObject(text);
  const value = document?.["token"] ?? document?.["access_token"];
  if (typeof value !== "string" || value === "" || /[^\x21-\x7e]/.test(value))
    throw new RegistryError(`${host} answered without a token`);
  const lifetime = document?.["expires_in"];
  return {
    value,
    lifetimeSeconds: typeof lifetime === "number" && lifetime > 0 ? lifetime : defaultLifetimeSeconds,
  };
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const document: unknown = JSON.parse(text);
    return typeof document === "object" && document !== null ? (document as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
