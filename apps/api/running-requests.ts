import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** Requests whose answer is not sent whole, or whose connection is still there to send it on. */
export type RunningRequests = ReadonlyMap<FastifyReply, FastifyRequest>;

export function trackRequests(app: FastifyInstance): RunningRequests {
  const running = new Map<FastifyReply, FastifyRequest>();
  app.addHook("onRequest", async (request, reply) => {
    running.set(reply, request);
    reply.raw.setMaxListeners(20); // each part of the edge has its own; how many there are is fixed
    reply.raw.once("close", () => running.delete(reply));
  });
  return running;
}
