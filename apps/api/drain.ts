import { setMaxListeners } from "node:events";
import type { FastifyInstance } from "fastify";
import { SlipwayError } from "#core/errors.ts";
import type { Connections } from "./connections.ts";
import { answerError } from "./problem.ts";
import type { RunningRequests } from "./running-requests.ts";

declare module "fastify" {
  interface FastifyInstance {
    /** Aborts when the server begins to close: what follows a log ends then. */
    closing: AbortSignal;
    /** Aborts when uploads that have not come whole are given up, with the error that they are answered. */
    abandoning: AbortSignal;
  }
}

/** Of the 6 s that a process has to end (api/main.ts), from the signal on. */
const limits = {
  /** A request that was already on its way to a silent connection still comes, and is answered. */
  idleMs: 300,
  /** An upload that has not come whole by then is given up. */
  uploadMs: 4_000,
  /** Whoever has no answer by then is told to try again: late enough that what was given up has been undone. */
  answerMs: 4_500,
  /** Whoever has not taken its answer by then is cut off. */
  connectionMs: 5_200,
};
const lookEveryMs = 100;

/** Ends the connections of a server that closes so that nobody's answer is cut (RFC 9112 §9.6). Node's own
 *  `closeIdleConnections` also destroys connections whose answer has been made and not yet sent. */
export function drainOnClose(app: FastifyInstance, connections: Connections, running: RunningRequests): void {
  const closing = new AbortController();
  const abandoning = new AbortController();
  setMaxListeners(0, closing.signal, abandoning.signal); // one of each upload and each log that is followed
  app.decorate("closing", closing.signal);
  app.decorate("abandoning", abandoning.signal);

  app.addHook("onSend", async (request, reply) => {
    if (!closing.signal.aborted) return;
    // Who still sends would not hear the answer on a connection that is closed on it.
    if (request.raw.complete) reply.header("connection", "close");
    else reply.raw.removeHeader("connection");
  });

  app.server.closeIdleConnections = () => {}; // endIdle does it, gently
  app.addHook("preClose", async () => {
    closing.abort();
    const timers = [
      setTimeout(() => {
        timers.push(setInterval(connections.endIdle, lookEveryMs));
        connections.endIdle();
      }, limits.idleMs),
      setTimeout(() => abandoning.abort(stopping()), limits.uploadMs),
      setTimeout(() => answerThatItEnds(running), limits.answerMs),
      setTimeout(() => app.server.closeAllConnections(), limits.connectionMs),
    ];
    for (const timer of timers) timer.unref();
    app.server.once("close", () => {
      for (const timer of timers) clearTimeout(timer);
    });
  });
}

export function stopping(): SlipwayError {
  return new SlipwayError("unavailable", "Slipway is stopping; try again shortly");
}

/** What their handlers do meanwhile is done or undone as a whole, as after any lost answer. */
function answerThatItEnds(running: RunningRequests): void {
  for (const [reply, request] of running)
    if (!reply.sent)
      answerError(stopping(), request, reply).catch((err: unknown) => request.log.error({ err }, "no answer"));
}
