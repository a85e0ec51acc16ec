import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { SlipwayError } from "#core/errors.ts";
import { jsonFault } from "#core/json-faults.ts";
import { httpError } from "./http-error.ts";

/** Metadata has at most 1 MiB; nothing else that is JSON comes near. */
export const jsonLimitBytes = 2 * 1024 * 1024;
/** As much as a slow line takes for the largest of them. */
const jsonLimitMs = 30_000;

/** Of all large bodies at once, until their requests are answered: in memory they become some times as much. */
const atOnceLimitBytes = 16 * 1024 * 1024;
/** Smaller ones are taken beside any number of large ones. */
const largeBytes = 64 * 1024;

/** Bodies are JSON and nothing else, by name. Clients that always say `application/json` say it too where a
 *  request has no body. */
export function takeJsonAlone(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeContentTypeParser(["application/json", "text/plain"]);
  const held: Held = { bytes: 0, byRequest: new WeakMap() };
  app.addHook("onRequest", async ({ raw }, reply) => {
    reply.raw.once("close", () => {
      held.bytes -= held.byRequest.get(raw) ?? 0;
    });
  });
  app.addContentTypeParser("application/json", (request: FastifyRequest, body: IncomingMessage, done) => {
    readText(body, held).then((text) => {
      const fault = jsonFault(text);
      if (text.length === 0) done(null, null);
      else if (fault !== null) done(new SlipwayError("invalid_request", `the body cannot be taken: ${fault}`));
      else parse(request, text, done);
    }, done);
  });
}

/** What all requests of an app hold together. */
interface Held {
  bytes: number;
  byRequest: WeakMap<IncomingMessage, number>;
}

/** Throws 413, 408, 429 and 400 for a body that is too large, too slow, too much beside others, or no UTF-8. */
async function readText(body: IncomingMessage, held: Held): Promise<string> {
  const bytes = await readBytes(body, held).finally(() => body.resume());
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new SlipwayError("invalid_request", "the body is no UTF-8, which JSON is written in (RFC 8259 §8.1)", {
      cause,
    });
  }
}

function readBytes(body: IncomingMessage, held: Held): Promise<Buffer> {
  const tooLarge = () => httpError(413, `the body is larger than ${jsonLimitBytes / 1024 ** 2} MiB`);
  if (Number(body.headers["content-length"]) > jsonLimitBytes) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    const settle = (act: () => void) => {
      clearTimeout(timer);
      body.off("data", take).off("end", end).off("error", fail);
      act();
    };
    const take = (chunk: Buffer) => {
      sizeBytes += chunk.length;
      held.bytes += chunk.length;
      held.byRequest.set(body, sizeBytes);
      if (sizeBytes > jsonLimitBytes) settle(() => reject(tooLarge()));
      else if (sizeBytes > largeBytes && held.bytes > atOnceLimitBytes)
        settle(() => reject(httpError(429, "too many large bodies come at once: send it again in a moment")));
      else chunks.push(chunk);
    };
    const end = () => settle(() => resolve(Buffer.concat(chunks)));
    const fail = (cause: Error) =>
      settle(() => reject(new SlipwayError("body_incomplete", "the body ended before its length", { cause })));
    const timer = setTimeout(
      () => settle(() => reject(httpError(408, `the body did not come within ${jsonLimitMs / 1_000} s`))),
      jsonLimitMs,
    );
    body.on("data", take).on("end", end).on("error", fail);
  });
}
