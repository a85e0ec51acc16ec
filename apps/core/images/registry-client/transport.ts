import { Readable } from "node:stream";
import { rootCertificates } from "node:tls";
import { Agent, type Dispatcher, request } from "undici";
import { RegistryError } from "./registry-error.ts";

/** Every wait has an end. */
export interface TransportLimits {
  connectMs: number;
  /** Until the answer's head. */
  answerMs: number;
  /** The same for a blob: some registries hash or copy it before they answer. */
  blobAnswerMs: number;
  /** Between two pieces of a body, in either direction. */
  stallMs: number;
}

export const defaultLimits: TransportLimits = {
  connectMs: 10_000,
  answerMs: 30_000,
  blobAnswerMs: 300_000,
  stallMs: 60_000,
};

export interface Transport {
  send(call: Call): Promise<Answer>;
  close(): Promise<void>;
}

export interface Call {
  method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  url: URL;
  headers?: Record<string, string>;
  /** A stream is sent as it comes; its length must stand in `content-length`. */
  body?: Buffer | Readable;
  signal: AbortSignal;
}

export interface Answer {
  status: number;
  headers: Readonly<Record<string, string | undefined>>;
  body: Dispatcher.ResponseData["body"];
}

/** HTTP with limits and without redirects: who follows one decides which headers go along. */
export function openTransport(limits: TransportLimits, ca: string | null = null): Transport {
  const agent = new Agent({
    // Those of `ca` (PEM) are trusted beside the public ones, which a registry's storage or token server may have.
    connect: { timeout: limits.connectMs, ...(ca === null ? {} : { ca: [...rootCertificates, ca] }) },
    bodyTimeout: limits.stallMs,
    connections: 16,
  });
  return {
    async send({ method, url, headers, body, signal }) {
      const stall = new AbortController();
      const watched = body instanceof Readable ? Readable.from(watch(body, limits.stallMs, stall)) : body;
      try {
        const answer = await request(url, {
          method,
          headers: { "user-agent": "slipway", ...headers },
          body: watched ?? null,
          headersTimeout: body instanceof Readable ? limits.blobAnswerMs : limits.answerMs,
          signal: AbortSignal.any([signal, stall.signal]),
          dispatcher: agent,
        });
        return { status: answer.statusCode, headers: flatten(answer.headers), body: answer.body };
      } catch (error) {
        // One that nobody began to read keeps its file open.
        if (body instanceof Readable) body.destroy();
        signal.throwIfAborted();
        const reason = withAdvice(reasonOf(error, stall.signal));
        throw new RegistryError(`${url.host} did not answer ${method} ${url.pathname}: ${reason}`, { cause: error });
      }
    },
    close: () => agent.destroy(),
  };
}

/** Passes a body on, and aborts when the other side takes nothing for too long. */
async function* watch(body: Readable, stallMs: number, stall: AbortController): AsyncGenerator<Uint8Array> {
  const timer = setTimeout(() => stall.abort(new Error(`no byte was taken for ${stallMs / 1_000} s`)), stallMs);
  try {
    for await (const chunk of body) {
      yield chunk as Uint8Array;
      timer.refresh();
    }
  } finally {
    clearTimeout(timer);
  }
}

function flatten(headers: Dispatcher.ResponseData["headers"]): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
  );
}

function reasonOf(error: unknown, stall: AbortSignal): string {
  if (stall.aborted) return stall.reason instanceof Error ? stall.reason.message : "it stalled";
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return error.errors[0].message;
  return error instanceof Error ? error.message : String(error);
}

/** Of the certificate of a company's own authority, and of a registry that speaks no TLS (Node, "TLS", error codes). */
function withAdvice(reason: string): string {
  if (/self.signed certificate|unable to (?:get|verify)/i.test(reason))
    return `${reason}; give the certificate of its authority as the registry's CA, or in SLIPWAY_CA_BUNDLE`;
  if (/wrong version number/i.test(reason))
    return "it speaks no TLS; say so in the registry's settings, if that is meant";
  return reason;
}
