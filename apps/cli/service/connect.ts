import { randomUUID } from "node:crypto";
import createClient, { type Client } from "openapi-fetch";
import type { paths } from "../api-types.d.ts";
import { Failure } from "../failure.ts";
import type { Settings } from "../settings.ts";
import { newPatience, type Patience } from "./patience.ts";
import { failureOf, type Reached, strangerOf, unreachable } from "./problems.ts";
import { type Body, sendRaw } from "./send-raw.ts";

export interface Service {
  url: string;
  /** Ends all that is asked. */
  signal: AbortSignal;
  /** JSON by the API's own types. Asked again while the service restarts; throws `Failure` for all that is no success. */
  api: Client<paths>;
  /** One request, whose answer's bytes are read by the caller. Throws `Failure`. */
  open(path: string, headers?: Record<string, string>): Promise<Response>;
  /** One request with bytes. Throws `Failure`. */
  sendOnce(method: string, path: string, headers: Record<string, string>, body: Body): Promise<Response>;
  /** The same until there is an answer that stays. */
  send(method: string, path: string, headers: Record<string, string>, body: Body): Promise<Response>;
  patience(): Patience;
  /** Whether it helps to ask again. */
  mayPass(error: unknown): error is Failure;
}

/** Long enough for the seal of a package of thousands of files. */
const answerMs = 120_000;

/** What was never reached is not asked again: its address is wrong, or it does not run. */
export function connect({ url, token }: Settings, signal: AbortSignal): Service {
  const reached: Reached = { url, hasToken: token !== null, before: false };
  const base: Record<string, string> = {
    "user-agent": "slipway",
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  };

  async function checked(answering: Promise<Response>): Promise<Response> {
    const answer = await answering.catch((error: unknown) => {
      signal.throwIfAborted();
      throw error instanceof Failure ? error : unreachable(url, error);
    });
    if (answer.ok) {
      if (!reached.before && !isOurs(answer)) throw strangerOf(answer.status, answer.headers, reached);
      reached.before = true;
      return answer;
    }
    const failure = failureOf(answer.status, answer.headers, await answer.text().catch(() => ""), reached);
    reached.before ||= failure.about.code !== "not_slipway";
    throw failure;
  }

  function mayPass(error: unknown): error is Failure {
    if (!(error instanceof Failure)) return false;
    if (error.about.code === "request_in_progress") return true;
    return error.ending === "unavailable" && reached.before;
  }

  async function again(once: () => Promise<Response>): Promise<Response> {
    const patience = newPatience(signal);
    for (;;) {
      try {
        return await once();
      } catch (error) {
        if (!mayPass(error) || !(await patience.pause(error.about.retryAfterSeconds))) throw error;
      }
    }
  }

  const sendOnce: Service["sendOnce"] = (method, path, headers, body) =>
    checked(sendRaw(`${url}${path}`, { method, headers: { ...base, ...headers }, body, signal, timeoutMs: answerMs }));

  return {
    url,
    signal,
    mayPass,
    sendOnce,
    patience: () => newPatience(signal),
    send: (method, path, headers, body) => again(() => sendOnce(method, path, headers, body)),
    open: (path, headers = {}) =>
      checked(fetch(`${url}${path}`, { headers: { ...base, ...headers }, redirect: "manual", signal })),
    api: createClient<paths>({
      baseUrl: url,
      headers: base,
      fetch: (request) => {
        // Sent twice it changes one thing once.
        if (request.method === "POST" && !request.headers.has("idempotency-key"))
          request.headers.set("idempotency-key", randomUUID());
        const limited = () =>
          fetch(request.clone(), {
            redirect: "manual",
            signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]),
          });
        return again(() => checked(limited()));
      },
    }),
  };
}

/** Of the first answer that is a success: others send pages. */
function isOurs({ headers }: Response): boolean {
  const type = headers.get("content-type") ?? "";
  return headers.has("x-request-id") && !type.startsWith("text/html");
}

/** `api` throws where there is no success, so that a document is there. */
export function documentOf<Document>({ data }: { data?: Document }): NonNullable<Document> {
  if (data === undefined || data === null)
    throw new Failure("unavailable", "the service answered without a document: is a proxy between?");
  return data;
}

/** A path under /v1, each segment percent-encoded. */
export function at(...segments: string[]): string {
  return `/v1${segments.map((segment) => `/${encodeURIComponent(segment)}`).join("")}`;
}

export function filePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** All pages of a list. */
export async function everyItem<Item>(
  page: (cursor: {
    cursor?: string;
    limit: number;
  }) => Promise<{ data?: { items: Item[]; nextCursor: string | null } }>,
): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | null = null;
  do {
    const answer: { items: Item[]; nextCursor: string | null } = documentOf(
      await page({ limit: 100, ...(cursor === null ? {} : { cursor }) }),
    );
    items.push(...answer.items);
    cursor = answer.nextCursor;
  } while (cursor !== null);
  return items;
}
