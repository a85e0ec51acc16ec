import { endingOf, Failure } from "../failure.ts";

export interface Reached {
  url: string;
  hasToken: boolean;
  /** Whether Slipway has answered before. */
  before: boolean;
}

interface Problem {
  type?: string;
  title?: string;
  detail?: string;
  instance?: string;
  errors?: { where?: string; message: string }[];
}

/** An answer that is no success, as a failure. Something else may have answered: a proxy, or whatever the address
 *  leads to. */
export function failureOf(status: number, headers: Headers, body: string, reached: Reached): Failure {
  const problem = problemIn(headers, body);
  if (problem === null) return strangerOf(status, headers, reached);
  const retryAfter = headers.get("retry-after");
  const code = problem.type?.split("/").at(-1) ?? "unknown";
  const sentence = code === "unauthenticated" ? unauthenticated(reached) : sentenceOf(status, problem);
  return new Failure(endingOf(status), sentence, {
    code,
    status,
    faults: problem.errors ?? [],
    ...(retryAfter !== null && /^\d+$/.test(retryAfter) ? { retryAfterSeconds: Number(retryAfter) } : {}),
    ...(problem.instance === undefined ? {} : { requestId: problem.instance }),
  });
}

function problemIn(headers: Headers, body: string): Problem | null {
  if (!headers.get("content-type")?.startsWith("application/problem+json")) return null;
  try {
    return JSON.parse(body) as Problem;
  } catch {
    return null;
  }
}

function sentenceOf(status: number, { detail, title }: Problem): string {
  const told = detail ?? title ?? `the service answered ${status}`;
  return told.replace(/^(?:body|params|querystring|headers)\//, ""); // where in the request it stood helps nobody here
}

function unauthenticated({ hasToken, url }: Reached): string {
  return hasToken
    ? `${url} does not accept the token: mistyped, revoked, expired, or of another service; slipway login takes a new one`
    : `${url} wants a token: slipway login keeps one, or set SLIPWAY_TOKEN or SLIPWAY_TOKEN_FILE`;
}

export function strangerOf(status: number, headers: Headers, { url, before }: Reached): Failure {
  const location = headers.get("location");
  const about = { code: "not_slipway", status };
  if (status >= 300 && status < 400 && location !== null)
    return new Failure("unavailable", `${url} sends elsewhere, to ${originOf(location, url)}: use that address`, about);
  if (before)
    return new Failure(
      status === 413 ? "failed" : "unavailable",
      `a proxy before ${url} answers ${status} in place of Slipway${status === 413 ? ": raise its limit on the size of a request" : ""}`,
      about,
    );
  if (endingOf(status) === "unavailable")
    return new Failure("unavailable", `a proxy at ${url} answers ${status}: Slipway is not running behind it`, about);
  return new Failure(
    "unavailable",
    `${url} answers ${status}, and is not Slipway: look at SLIPWAY_URL, which is the address without /v1`,
    about,
  );
}

function originOf(location: string, url: string): string {
  const { origin, pathname } = new URL(location, url);
  return `${origin}${pathname}`;
}

/** No answer came. `error` is that of `fetch` or of a socket. */
export function unreachable(url: string, error: unknown): Failure {
  return new Failure("unavailable", `${url} ${whyOf(error, url)}`, { code: "unreachable", cause: error });
}

const untrusted = /^(?:CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT)/;

function whyOf(error: unknown, url: string): string {
  const cause = rootOf(error);
  const code = "code" in cause ? String(cause.code) : cause.name;
  if (untrusted.test(code))
    return `shows a certificate that is not trusted here: name your company's authorities in NODE_EXTRA_CA_CERTS (${code})`;
  if (cause.message === "bad port") return "names a port that belongs to something else than http: is it right?";
  if (code === "EPROTO" || code.startsWith("ERR_SSL"))
    return "does not speak https there: write http:// if that is meant";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "is a name that is not known here: is it spelled right?";
  if (code === "ECONNREFUSED") return "cannot be connected to: is Slipway running there?";
  if (/TIMEOUT|EHOSTUNREACH|ENETUNREACH/i.test(code))
    return "does not answer: is it the right address, and is there a way to it from here?";
  const hint = url.startsWith("http://") ? ": does it want https://?" : "";
  return `closed the connection without an answer${hint} (${code})`;
}

/** What undici and Node wrap, and of several addresses the first. */
function rootOf(error: unknown): Error {
  let root = error instanceof Error ? error : new Error(String(error));
  for (;;) {
    const inner = root instanceof AggregateError ? root.errors[0] : root.cause;
    if (!(inner instanceof Error)) return root;
    root = inner;
  }
}
