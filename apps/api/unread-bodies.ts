import type { IncomingMessage } from "node:http";
import type { FastifyInstance } from "fastify";

/** A client that is still sending hears the answer only when it has sent all, or looks up. */
const restMs = 10_000;

/** Ends connections on which the body of a refused request goes on and on. What is refused by its headers (no token, no
 *  right, another site's page) is answered before its body is looked at; the rest is thrown away as it comes, and no pace
 *  is asked of it (request-body.ts), so that it ends here. */
export function endUnreadBodies(app: FastifyInstance, patienceMs = restMs): void {
  const lookedAt = new WeakSet<IncomingMessage>();
  app.addHook("preParsing", async ({ raw }) => {
    lookedAt.add(raw);
  });
  app.addHook("onResponse", async ({ raw }) => {
    if (raw.complete || lookedAt.has(raw)) return;
    const end = setTimeout(() => raw.socket.destroy(), patienceMs).unref();
    raw.once("close", () => clearTimeout(end));
  });
}
