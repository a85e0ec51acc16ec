import type { FastifyInstance } from "fastify";
import { httpError } from "../http-error.ts";

/** Notes the routes that are made from here on. The function that it returns, called after the last of them, answers
 *  their paths' other methods with 405 and `Allow` (RFC 9110 §15.5.6). */
export function refuseOtherMethods(app: Pick<FastifyInstance, "addHook" | "route" | "supportedMethods">): () => void {
  const taken = new Map<string, Set<string>>();
  app.addHook("onRoute", ({ url, method }) => {
    const seen = taken.get(url) ?? new Set();
    for (const name of [method].flat()) seen.add(name);
    taken.set(url, seen);
  });
  return () => {
    for (const [url, seen] of [...taken]) {
      const allow = [...seen].sort().join(", ");
      const others = app.supportedMethods.filter((method) => !seen.has(method));
      if (others.length === 0) continue;
      app.route({
        method: others,
        url,
        exposeHeadRoute: false,
        schema: { hide: true },
        config: { methodNotTaken: true },
        onRequest: async ({ method }, reply) => {
          reply.header("allow", allow);
          throw httpError(405, `${method} is not taken here: use ${allow}`);
        },
        handler: () => undefined,
      });
    }
  };
}
