import type { Readable } from "node:stream";
import { isLoopback } from "#core/loopback.ts";
import { type Authorization, openAuthorization } from "./authorization.ts";
import { anonymous, type CredentialSource } from "./credential-source.ts";
import { RegistryError } from "./registry-error.ts";
import { retryAfterMs } from "./retry-after.ts";
import { type Answer, type Call, defaultLimits, openTransport, type TransportLimits } from "./transport.ts";

/** A connection to one OCI registry; the verbs stand in blobs.ts and manifests.ts. */
export interface RegistryClient {
  /** `host[:port]` */
  readonly host: string;
  /** What a person looks after when the login is refused. */
  readonly loginKept: string;
  /** Sends a request within the scopes of its repositories. Follows redirects: all of them when reading, and when
   *  writing those that ask for the same request at another place. */
  call(call: RegistryCall): Promise<Answer>;
  /** An address that the registry gave, which may leave out its own origin. */
  resolve(location: string): URL;
  close(): Promise<void>;
}

interface RegistryCall {
  method: Call["method"];
  /** Path and query below the registry's origin, or an address that the registry gave in `Location`. */
  target: string | URL;
  repository: string;
  /** What is done with it; writing includes reading. */
  access: "pull" | "push" | "delete";
  /** Another repository that is read from, to mount a blob. */
  alsoReads?: string;
  headers?: Record<string, string>;
  /** Opened again for a second try. */
  body?: Buffer | (() => Promise<Readable>);
  signal: AbortSignal;
}

export interface RegistryClientOptions {
  host: string;
  /** Where it is reached, if not at its host: scheme, host and port. */
  endpoint?: string | null;
  /** Anonymous without. */
  login?: CredentialSource;
  /** Certificates (PEM) that are trusted beside the public ones. */
  ca?: string | null;
  /** Whether it is spoken to without TLS; on loopback, where nothing is said. */
  plainHttp?: boolean;
  limits?: Partial<TransportLimits>;
}

const redirectsLimit = 5;
const errorBodyLimitBytes = 64 * 1024;

/** Speaks https, and plain http on loopback or where it, or its endpoint, is asked to. */
export function openRegistryClient({
  host,
  endpoint,
  login = anonymous,
  ca = null,
  plainHttp,
  limits,
}: RegistryClientOptions): RegistryClient {
  const origin = originOf(host, plainHttp, endpoint);
  const transport = openTransport({ ...defaultLimits, ...limits }, ca);
  const authorization = openAuthorization(transport, origin, login);
  return {
    host,
    loginKept: login.kept,
    resolve(location) {
      const url = new URL(location, origin);
      // Behind a proxy that ends TLS, a registry may think that it is reached by http.
      if (url.host === origin.host) url.protocol = origin.protocol;
      return url;
    },
    close: () => transport.close(),
    async call(call) {
      const scopes = scopesOf(call);
      const first = await send(call, scopes);
      if (first.status !== 401) return first;
      // A token can run out early, and a registry can ask for a login only now: one more try by what it says.
      await first.body.dump();
      authorization.refused(scopes, first.headers["www-authenticate"]);
      return send(call, scopes);
    },
  };

  async function send(call: RegistryCall, scopes: string[]): Promise<Answer> {
    let url = new URL(call.target, origin);
    for (let redirects = 0; ; redirects++) {
      const answer = await transport.send({
        method: call.method,
        url,
        headers: { ...call.headers, ...(await authorizationFor(url, origin, authorization, scopes, call.signal)) },
        ...(await bodyOf(call)),
        signal: call.signal,
      });
      const location = answer.headers["location"];
      if (!isFollowed(call.method, answer.status) || location === undefined) return answer;
      await answer.body.dump();
      if (redirects === redirectsLimit) throw new RegistryError(`${origin.host} redirects in a circle`);
      const next = new URL(location, url);
      if (url.protocol === "https:" && next.protocol !== "https:")
        throw new RegistryError(`${url.host} redirects from https to ${next.protocol}//${next.host}: refused`);
      url = next;
    }
  }
}

/** The header goes to the registry's own origin and nowhere else: a redirect or a Location may name any host. */
async function authorizationFor(
  url: URL,
  origin: URL,
  authorization: Authorization,
  scopes: string[],
  signal: AbortSignal,
): Promise<Record<string, string>> {
  if (url.origin !== origin.origin) return {};
  const header = await authorization.header(scopes, signal);
  return header === null ? {} : { authorization: header };
}

async function bodyOf(call: RegistryCall): Promise<{ body?: Buffer | Readable }> {
  if (call.body === undefined) return {};
  return { body: typeof call.body === "function" ? await call.body() : call.body };
}

export function originOf(host: string, plainHttp?: boolean, endpoint: string | null = null): URL {
  if (endpoint !== null) return new URL(endpoint);
  const origin = new URL(`https://${host}`);
  if (plainHttp ?? isLoopback(origin.hostname)) origin.protocol = "http:";
  return origin;
}

const actionsOf = { pull: "pull", push: "pull,push", delete: "pull,push,delete" } as const;

function scopesOf({ repository, access, alsoReads }: RegistryCall): string[] {
  const own = `repository:${repository}:${actionsOf[access]}`;
  return alsoReads === undefined ? [own] : [own, `repository:${alsoReads}:pull`];
}

/** 307 and 308 ask for the same request with its body (RFC 9110, section 15.4). */
function isFollowed(method: Call["method"], status: number): boolean {
  return [307, 308].includes(status) || ((method === "GET" || method === "HEAD") && [301, 302, 303].includes(status));
}

/** Reads an answer that is none of those hoped for, and makes it one sentence with the registry's own code. */
export async function refusal(client: RegistryClient, answer: Answer, deed: string): Promise<RegistryError> {
  const { code, message } = await ownError(answer);
  const said = [code, message === null ? null : `"${message}"`].filter((part) => part !== null).join(" ");
  return new RegistryError(
    `registry ${client.host} refused to ${deed}: it answered ${answer.status}${said === "" ? "" : ` ${said}`}${adviceFor(client, answer.status, code)}`,
    { status: answer.status, code, retryAfterMs: retryAfterMs(answer.headers["retry-after"]) },
  );
}

function adviceFor({ loginKept }: RegistryClient, status: number, code: string | null): string {
  if (status === 401) return `; check ${loginKept}`;
  if (status === 403) return "; this login has no right to it";
  // Amazon ECR makes no repository by itself, unless the registry's settings have Slipway do so.
  if (code === "NAME_UNKNOWN") return "; the repository does not exist: create it";
  return "";
}

/** `{"errors": [{"code", "message"}]}` (distribution-spec, error codes). */
async function ownError(answer: Answer): Promise<{ code: string | null; message: string | null }> {
  try {
    let text = "";
    for await (const chunk of answer.body) {
      text += String(chunk);
      if (text.length > errorBodyLimitBytes) break;
    }
    const { errors } = JSON.parse(text) as { errors?: { code?: unknown; message?: unknown }[] };
    const [first] = errors ?? [];
    return { code: oneLine(first?.code), message: oneLine(first?.message) };
  } catch {
    return { code: null, message: null };
  }
}

function oneLine(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value.replaceAll(/\s+/g, " ").slice(0, 300) : null;
}
