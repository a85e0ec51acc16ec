import type { AddressInfo } from "node:net";
import { connect, createServer, type Socket } from "node:net";
import { whenDone } from "./when-done.ts";

/** A way to a part that can fail as networks do. */
export interface TcpProxy {
  host: string;
  /** The same URL, by way of the proxy. */
  urlOf(url: string): string;
  /** Connections that are open now stay so and carry nothing more, as when a firewall has forgotten them; new ones work. */
  freeze(): void;
  /** Ends all connections, and takes no new ones until `open`. */
  cut(): void;
  open(): void;
}

export async function tcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target);
  const pairs = new Set<readonly [Socket, Socket]>();
  const held: Socket[] = [];
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(Number(port), hostname);
    const pair = [near, far] as const;
    pairs.add(pair);
    for (const socket of pair) {
      socket.on("error", () => {}); // the other end closes too
      socket.once("close", () => {
        pairs.delete(pair);
        for (const end of pair) end.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    for (const socket of [...held, ...[...pairs].flat()]) socket.destroy();
    server.close();
  };
  whenDone(close);
  const { port: ownPort } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${ownPort}`,
    urlOf(url) {
      const through = new URL(url);
      through.host = `127.0.0.1:${ownPort}`;
      return through.href;
    },
    freeze() {
      for (const pair of pairs) {
        pairs.delete(pair);
        for (const socket of pair) {
          socket.unpipe().pause().removeAllListeners("close");
          held.push(socket);
        }
      }
    },
    cut() {
      isCut = true;
      for (const socket of [...pairs].flat()) socket.destroy();
    },
    open() {
      isCut = false;
    },
  };
}
