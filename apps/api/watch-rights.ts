import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { isSlipwayError, messageOf } from "#core/errors.ts";
import type { RunningRequests } from "./running-requests.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Throws where the caller may no longer do what it asked for; null before it was asked, and where none is. */
    checkRights: (() => Promise<void>) | null;
    /** Set by whoever takes a long body: called with the refusal when the caller's rights end meanwhile. */
    onRightsLost: ((refusal: Error) => void) | null;
  }
}

/** Rights are looked at again so often while a request runs: what is taken away ends uploads and streams within 5 s. */
const everyMs = 1_500;

/** Looks again at the rights of requests that take long. An upload is refused as at its start; an answer that is on its
 *  way is cut. */
export function watchRights(app: FastifyInstance, running: RunningRequests): void {
  app.decorateRequest("checkRights", null);
  app.decorateRequest("onRightsLost", null);
  const timer = setInterval(() => {
    for (const [reply, request] of running) if (reply.elapsedTime >= everyMs) lookAgain(request, reply);
  }, everyMs);
  timer.unref();
  app.addHook("onClose", async () => clearInterval(timer));
}

function lookAgain(request: FastifyRequest, reply: FastifyReply): void {
  request.checkRights?.().catch((error: unknown) => {
    // A database that is away takes no rights away.
    if (!isSlipwayError(error))
      request.log.warn({ error: messageOf(error) }, "the rights of a running request could not be looked at");
    else if (request.onRightsLost !== null) request.onRightsLost(error);
    // What is on its way in the sockets' buffers goes with it.
    else if (reply.raw.headersSent) reply.raw.socket?.resetAndDestroy();
  });
}
