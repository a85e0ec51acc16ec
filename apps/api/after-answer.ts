import type { FastifyInstance } from "fastify";
import { messageOf } from "#core/errors.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Runs `work` when the answer has gone out, or cannot any more: nobody can tell by the time of an answer that there
     *  was some. The log has its failure. */
    afterAnswer(work: () => Promise<void>): void;
  }
}

/** A server that closes waits for what was put off. */
export function runAfterAnswers(app: FastifyInstance): void {
  const running = new Set<Promise<void>>();
  app.decorateRequest("afterAnswer");
  app.addHook("onRequest", async (request, reply) => {
    request.afterAnswer = (work) => {
      const run = (): void => {
        const done = work()
          .catch((error: unknown) => request.log.warn({ error: messageOf(error) }, "work after an answer failed"))
          .finally(() => running.delete(done));
        running.add(done);
      };
      if (reply.raw.closed) run();
      else reply.raw.once("close", run);
    };
  });
  app.addHook("onClose", async () => void (await Promise.all(running)));
}
