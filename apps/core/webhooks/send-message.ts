import http, { type ClientRequest, type IncomingMessage } from "node:http";
import https from "node:https";
import { rootCertificates } from "node:tls";
import type { Network } from "#core/access/networks.ts";
import { messageOf } from "#core/errors.ts";
import { guardedLookup, requireCallable } from "#core/guarded-target.ts";
import { eventTarget } from "./target.ts";

/** Of one attempt, from the name's look-up to the answer's end; what an answer says past its limit is not read. */
const limits = { totalMs: 10_000, answerBytes: 16 * 1024, shownCharacters: 200, retryAfterMs: 3_600_000 };

export interface Outcome {
  taken: boolean;
  statusCode: number | null;
  /** One line; null where it was taken. */
  error: string | null;
  tookMs: number;
  /** How long the answer asks to be left alone; 0 where it does not. */
  retryAfterMs: number;
}

export interface Sending {
  url: URL;
  headers: Record<string, string>;
  body: string;
  networks: readonly Network[];
  /** Certificates (PEM) that are trusted beside the public ones. */
  ca: string | null;
}

/** Posts once, over a connection of its own, to an address that may be reached (target.ts). Redirects are not followed: they
 *  would lead past that. Any 2xx takes the message. Throws only when `signal` aborts. */
export async function sendMessage(sending: Sending, signal: AbortSignal): Promise<Outcome> {
  const startedAt = performance.now();
  const tookMs = () => Math.round(performance.now() - startedAt);
  const late = AbortSignal.timeout(limits.totalMs);
  try {
    const response = await post(sending, AbortSignal.any([signal, late]));
    const text = await beginningOf(response);
    const statusCode = response.statusCode ?? 0;
    const taken = statusCode >= 200 && statusCode < 300;
    const retryAfterMs = taken ? 0 : retryAfterOf(response.headers["retry-after"]);
    return { taken, statusCode, error: taken ? null : refusalOf(statusCode, text), tookMs: tookMs(), retryAfterMs };
  } catch (error) {
    signal.throwIfAborted();
    const why = late.aborted ? `no answer within ${limits.totalMs / 1_000} s` : causeOf(error);
    return { taken: false, statusCode: null, error: plain(why), tookMs: tookMs(), retryAfterMs: 0 };
  }
}

function post({ url, headers, body, networks, ca }: Sending, signal: AbortSignal): Promise<IncomingMessage> {
  const target = eventTarget(url, networks);
  requireCallable(url, target);
  const options = {
    method: "POST",
    agent: false as const,
    lookup: guardedLookup(target),
    headers: { ...headers, "content-length": String(Buffer.byteLength(body)), "user-agent": "Slipway" },
    signal,
  };
  return new Promise((resolve, reject) => {
    const request: ClientRequest = target.https
      ? https.request(url, { ...options, ...(ca === null ? {} : { ca: [...rootCertificates, ca] }) }, resolve)
      : http.request(url, options, resolve);
    request.on("error", reject);
    request.end(body);
  });
}

/** Of an answer without an end no more is taken; its connection goes. */
async function beginningOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= limits.answerBytes) break;
  }
  response.destroy();
  return Buffer.concat(chunks).toString("utf8", 0, 4 * limits.shownCharacters);
}

function refusalOf(statusCode: number, text: string): string {
  const said = plain(text);
  const redirected = statusCode >= 300 && statusCode < 400 ? ", and redirects are not followed" : "";
  return `answered ${statusCode}${redirected}${said === "" ? "" : `: ${said}`}`;
}

/** RFC 9110 §10.2.3: seconds, or a date. */
function retryAfterOf(header: string | undefined): number {
  const text = header ?? "";
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return ms > 0 ? Math.min(ms, limits.retryAfterMs) : 0;
}

/** With several addresses Node says why of each. */
function causeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0]);
  return messageOf(error);
}

function plain(text: string): string {
  return [...text.replace(/\s+/g, " ").replace(/\p{C}/gu, "").trim()].slice(0, limits.shownCharacters).join("");
}
