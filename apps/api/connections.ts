import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Two thousand idle ones take some 40 MiB, and with the files of as many uploads fewer descriptors than systems give. */
export const mostConnections = 2_000;

/** As many of them may be at work: whoever asks whether the process is well, and whoever must be told to come again, finds
 *  room among the rest. */
export const mostAtWork = 1_900;

/** Requests that are sent on one connection before the first is answered; each holds what its answer takes. */
export const mostInLine = 4;

export interface Connections {
  /** Whether a request came while too many before it on its connection were unanswered. */
  isPastLine(request: IncomingMessage): boolean;
  /** Keeps the request's connection until the request is answered; false where as many as may be are at work. */
  takeUp(request: IncomingMessage, response: ServerResponse): boolean;
  /** Ends those on which no request is being read and no answer is on its way. */
  endIdle(): void;
}

/** Past the limit that connection goes on which nothing has been done for the longest: one that is kept alive, whose
 *  request has not come whole, or was not taken up. Those at work stay. */
export function trackConnections(server: Server): Connections {
  /** All that are not at work, in the order in which they were last answered. */
  const idle = new Set<Socket>();
  /** By how many requests that were taken up and have not been answered whole. */
  const atWork = new Map<Socket, number>();
  /** By how many requests that have not been both read and answered whole. */
  const inLine = new Map<Socket, number>();
  const pastLine = new WeakSet<IncomingMessage>();
  const unanswered = new Map<Socket, Set<ServerResponse>>();

  server.on("connection", (socket) => {
    idle.add(socket);
    unanswered.set(socket, new Set());
    socket.once("close", () => {
      // Node tells the first in line alone that its connection has gone, and what the others hold would stay for ever.
      for (const response of unanswered.get(socket) ?? []) if (response.socket === null) response.emit("close");
      unanswered.delete(socket);
      for (const sockets of [idle, atWork, inLine]) sockets.delete(socket);
    });
    if (idle.size + atWork.size <= mostConnections) return;
    const [longest] = idle;
    longest?.destroy();
  });
  // Before whoever answers: the request itself is counted.
  server.prependListener("request", (request, response) => {
    const { socket } = request;
    if (change(inLine, socket, 1) > mostInLine) pastLine.add(request);
    const over = () => change(inLine, socket, -1);
    unanswered.get(socket)?.add(response);
    response.once("close", () => {
      unanswered.get(socket)?.delete(response);
      if (idle.delete(socket)) idle.add(socket);
      // Answered before its body had come: the rest is read, so that the client gets to the answer.
      if (request.complete) over();
      else request.once("close", over);
    });
  });

  return {
    isPastLine: (request) => pastLine.has(request),
    takeUp({ socket }, response) {
      if (atWork.size >= mostAtWork && !atWork.has(socket)) return false;
      if (!idle.has(socket) && !atWork.has(socket)) return true; // closed meanwhile
      idle.delete(socket);
      change(atWork, socket, 1);
      response.once("close", () => {
        if (change(atWork, socket, -1) === 0) idle.add(socket);
      });
      return true;
    },
    endIdle() {
      for (const socket of idle) if (!inLine.has(socket)) socket.destroySoon();
    },
  };
}

function change(counts: Map<Socket, number>, socket: Socket, by: 1 | -1): number {
  const count = (counts.get(socket) ?? 0) + by;
  if (count > 0) counts.set(socket, count);
  else counts.delete(socket);
  return count;
}
