import type { Server } from "node:http";

/** A client that takes nothing of what waits for it for so long has gone, or means no good. What waits is handed to the
 *  system a mebibyte at a time: the slowest that is served takes some 3.5 KiB a second. */
const defaultPatienceMs = 5 * 60_000;

/** Ends connections whose clients have stopped to read. Those on which nothing waits, as between two lines of a log, are
 *  none of these. */
export function endSlowReaders(server: Server, patienceMs = defaultPatienceMs): void {
  server.on("connection", (socket) => {
    let taken = 0;
    const look = setInterval(() => {
      const before = taken;
      taken = socket.bytesWritten - socket.writableLength;
      if (socket.writableLength > 0 && taken === before) socket.destroy();
    }, patienceMs);
    socket.once("close", () => clearInterval(look));
  });
}
