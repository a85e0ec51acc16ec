import type { IncomingMessage } from "node:http";
import { PassThrough, type Readable } from "node:stream";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { parseDictionary } from "structured-headers";
import type { Digest } from "#core/artifacts/digest.ts";
import { SlipwayError } from "#core/errors.ts";

/** Bodies of any type and size, not read by Fastify: a route streams `request.raw`. */
export function takeAnyBody(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
}

export interface Upload {
  body: Readable;
  /** Its `Content-Length`; null for one that ends when it ends. */
  announcedBytes: number | null;
  /** Aborts when the client goes away before the body's end, or the body is given up. */
  signal: AbortSignal;
  /** Runs what the answer does not wait for. */
  afterwards: (work: () => Promise<void>) => void;
}

/** The slowest a body may come, over a minute in which it was ours to wait: a kibibyte a second. */
interface Pace {
  windowMs: number;
  bytes: number;
}
const slowest: Pace = { windowMs: 60_000, bytes: 60 * 1024 };
const looksPerWindow = 4;

/** Gives the request's body to `work`. What `work` leaves unread is taken and thrown away, since a client that is still
 *  sending would not hear an answer on a connection that is closed on it. */
export async function withUpload<T>(
  request: FastifyRequest,
  work: (upload: Upload) => Promise<T>,
  pace = slowest,
): Promise<T> {
  const { raw } = request;
  // It tells nobody any more that it has gone.
  if (raw.destroyed && !raw.complete) throw incomplete();
  const { abandoning } = request.server;
  abandoning.throwIfAborted();
  const gone = new AbortController();
  const body = new PassThrough({ highWaterMark: 1024 * 1024 });
  const give = (up: Error): void => {
    gone.abort(up);
    body.destroy(up);
  };
  // Node ends a body that is cut off with a bare "aborted"; here that is the client's mistake, by name.
  const cutOff = (): void => {
    if (!raw.complete) give(incomplete());
  };
  raw.once("error", cutOff).once("close", cutOff);
  const abandon = (): void => give(abandoning.reason);
  abandoning.addEventListener("abort", abandon, { once: true });
  request.onRightsLost = give;
  watchPace(raw, body, pace, () => {
    give(tooSlow(pace));
    // Time to hear why.
    setTimeout(() => raw.socket.destroy(), 1_000).unref();
  });
  body.once("close", () => raw.unpipe(body).resume());
  body.on("error", () => {}); // whoever reads it hears of it; nobody may be reading yet
  raw.pipe(body);
  try {
    return await work({
      body,
      announcedBytes: announcedBytesOf(raw),
      signal: gone.signal,
      afterwards: request.afterAnswer,
    });
  } finally {
    abandoning.removeEventListener("abort", abandon);
    request.onRightsLost = null;
    body.destroy();
  }
}

/** Calls `giveUp` once where too little has come, also of what is thrown away. Not the socket's own timeout: that ends
 *  a connection also while we work on a body that has all come. */
function watchPace(raw: IncomingMessage, body: PassThrough, { windowMs, bytes }: Pace, giveUp: () => void): void {
  let sinceLook = 0;
  let window: number[] = [];
  raw.on("data", (chunk: Buffer) => {
    sinceLook += chunk.length;
  });
  const watch = setInterval(() => {
    // Where we are the slow side, nothing can come.
    window = body.writableNeedDrain ? [] : [...window, sinceLook].slice(-looksPerWindow);
    sinceLook = 0;
    if (raw.complete) return clearInterval(watch);
    if (window.length < looksPerWindow || window.reduce((sum, count) => sum + count) >= bytes) return;
    clearInterval(watch);
    giveUp();
  }, windowMs / looksPerWindow);
  raw.once("close", () => clearInterval(watch));
}

/** Node has refused a length that is none, and one beside chunks. */
function announcedBytesOf({ headers }: IncomingMessage): number | null {
  const length = headers["content-length"];
  return length === undefined ? null : Number(length);
}

function incomplete(): SlipwayError {
  return new SlipwayError("body_incomplete", "the body ended before its length; nothing was kept, send it again");
}

function tooSlow({ windowMs, bytes }: Pace): SlipwayError {
  const [kibibytes, seconds] = [bytes / 1024, windowMs / 1_000];
  return new SlipwayError(
    "body_too_slow",
    `less than ${kibibytes} KiB of the body came in ${seconds} s; nothing was kept, send it again`,
  );
}

/** `Content-Digest: sha-256=:…base64…:` (RFC 9530 §2). Other algorithms are passed over, as it says. */
export function expectedDigest(request: FastifyRequest): Digest | undefined {
  const header = request.headers["content-digest"] ?? request.headers["repr-digest"];
  if (header === undefined) return undefined;
  const value = sha256Of(Array.isArray(header) ? header.join(", ") : header);
  if (value === undefined) return undefined;
  if (!(value instanceof ArrayBuffer) || value.byteLength !== 32)
    throw new SlipwayError("invalid_request", "Content-Digest is written sha-256=:<base64 of 32 bytes>: (RFC 9530)");
  return `sha256:${Buffer.from(value).toString("hex")}`;
}

function sha256Of(header: string): unknown {
  try {
    return parseDictionary(header).get("sha-256")?.[0];
  } catch (cause) {
    throw new SlipwayError(
      "invalid_request",
      "Content-Digest is no structured field: write sha-256=:<base64 of 32 bytes>: (RFC 9530)",
      { cause },
    );
  }
}
