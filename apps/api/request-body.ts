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

/** Bodies are JSON and nothing else, by name. Clients that always say `application/json` say it too where a
 *  request has no body. */
export function takeJsonAlone(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeContentTypeParser(["application/json", "text/plain"]);
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) => {
    if (body.length === 0) done(null, null);
    else parse(request, String(body), done);
  });
}

export interface Upload {
  body: Readable;
  /** Aborts when the client goes away before the body's end. */
  signal: AbortSignal;
}

/** A client that sends nothing for so long has gone. */
const defaultStallMs = 60_000;

/** Gives the request's body to `work`. What `work` leaves unread is taken and thrown away, since a client that is still
 *  sending would not hear an answer on a connection that is closed on it. */
export async function withUpload<T>(
  request: FastifyRequest,
  work: (upload: Upload) => Promise<T>,
  stallMs = defaultStallMs,
): Promise<T> {
  const { "content-encoding": encoding } = request.headers;
  if (encoding !== undefined && encoding !== "identity")
    throw new SlipwayError(
      "invalid_request",
      "send the bytes as they are, without Content-Encoding: what is stored is what was sent",
    );
  const { raw } = request;
  const gone = new AbortController();
  const body = new PassThrough({ highWaterMark: 1024 * 1024 });
  // Node ends a body that is cut off with a bare "aborted"; here that is the client's mistake, by name.
  const cutOff = (): void => {
    if (raw.complete) return;
    gone.abort(incomplete());
    body.destroy(incomplete());
  };
  raw.once("error", cutOff).once("close", cutOff);
  let heardAt = Date.now();
  raw.on("data", () => {
    heardAt = Date.now();
  });
  // Not the socket's own timeout: that ends a connection also while we work on a body that has all come.
  const watch = setInterval(() => {
    // Where we are the slow side, nothing can come.
    if (body.writableNeedDrain) heardAt = Date.now();
    if (raw.complete || Date.now() - heardAt < stallMs) return;
    cutOff();
    // Time to hear why.
    setTimeout(() => raw.socket.destroy(), 1_000).unref();
  }, stallMs / 4);
  body.once("close", () => raw.unpipe(body).resume());
  body.on("error", () => {}); // whoever reads it hears of it; nobody may be reading yet
  raw.pipe(body);
  try {
    return await work({ body, signal: gone.signal });
  } finally {
    clearInterval(watch);
    body.destroy();
  }
}

function incomplete(): SlipwayError {
  return new SlipwayError("body_incomplete", "the body ended before its length; nothing was kept, send it again");
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
