import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { whenDone } from "./when-done.ts";

/** Opens so many connections that each send the bytes and then nothing; `heard` is what each was told. All are destroyed
 *  when the test ends. */
export async function flood(
  port: number,
  count: number,
  bytes: string | Buffer,
): Promise<{ sockets: Socket[]; heard: string[] }> {
  const sockets: Socket[] = [];
  const heard: string[] = [];
  whenDone(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (let index = 0; index < count; index += 1) {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => {}); // being thrown out is what is looked at
    socket.on("data", (text) => {
      heard[index] = (heard[index] ?? "") + text.toString("latin1");
    });
    socket.write(bytes);
    sockets.push(socket);
    if (index % 100 === 99) await sleep(20);
  }
  return { sockets, heard };
}
