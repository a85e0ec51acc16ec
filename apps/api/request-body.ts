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

/** The request's body, and a signal that aborts when the client goes away before its end. */
export function bodyOf(request: FastifyRequest): { body: Readable; signal: AbortSignal } {
  const gone = new AbortController();
  request.raw.once("close", () => {
    if (!request.raw.complete) gone.abort(incomplete());
  });
  if (request.headers["content-encoding"] !== undefined && request.headers["content-encoding"] !== "identity")
    throw new SlipwayError(
      "invalid_request",
      "send the bytes as they are, without Content-Encoding: what is stored is what was sent",
    );
  const whole = new PassThrough({ highWaterMark: 1024 * 1024 });
  // Node ends a body that is cut off with a bare "aborted"; here that is the client's mistake, by name.
  request.raw.once("error", () => whole.destroy(incomplete()));
  request.raw.once("close", () => {
    if (!request.raw.complete) whole.destroy(incomplete());
  });
  // Whoever stops reading stops for a reason that the client should hear: the rest is taken and thrown away, since
  // to close the connection on what it still sends would lose the answer.
  whole.once("close", () => request.raw.unpipe(whole).resume());
  request.raw.pipe(whole);
  return { body: whole, signal: gone.signal };
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
