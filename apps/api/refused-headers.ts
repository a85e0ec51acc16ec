import type { Server } from "node:http";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { httpError } from "./http-error.ts";

/** What a header asks for and no route here does. Null where there is nothing of the kind. */
export function headerRefusal({ headers, raw }: FastifyRequest): Error | null {
  if (raw.httpVersionMajor < 1) return httpError(400, "this is HTTP/0.9: send an HTTP/1.1 request");
  const { expect, "content-encoding": encoding } = headers;
  if (expect !== undefined && expect.toLowerCase() !== "100-continue")
    return httpError(417, "nothing but 100-continue can be expected here: leave the Expect header out");
  if (encoding !== undefined && encoding.toLowerCase() !== "identity")
    return httpError(415, "send the bytes as they are, without Content-Encoding: what is stored is what was sent");
  return null;
}

/** Node answers other expectations by itself, with a bare 417: here they are requests like any other. */
export function takeExpectations(app: FastifyInstance): void {
  const server: Server = app.server;
  server.on("checkExpectation", (request, response) => server.emit("request", request, response));
}
