import type { AddressInfo } from "node:net";
import { connect, createServer, type Socket } from "node:net";
import { Transform } from "node:stream";
import { whenDone } from "./when-done.ts";

/** Bytes on their way `up` to the part or `down` from it. What it returns goes on in their place; null ends the
 *  connection. */
export type Disturbance = (chunk: Buffer, direction: "up" | "down") => Buffer | null | Promise<Buffer | null>;

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
  /** What is done to all bytes from now on; null for nothing. */
  disturb(disturbance: Disturbance | null): void;
}

export async function tcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target);
  const pairs = new Set<readonly [Socket, Socket]>();
  const held: Socket[] = [];
  let isCut = false;
  let disturbance: Disturbance | null = null;
  const passing = (direction: "up" | "down") =>
    new Transform({
      transform(chunk, _encoding, done) {
        Promise.resolve(disturbance === null ? chunk : disturbance(chunk, direction)).then(
          (goesOn) => done(goesOn === null ? new Error("cut") : null, goesOn),
          done,
        );
      },
    });
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
    const [up, down] = [passing("up"), passing("down")];
    for (const stream of [up, down]) stream.on("error", () => near.destroy());
    near.pipe(up).pipe(far).pipe(down).pipe(near);
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
    disturb(next) {
      disturbance = next;
    },
  };
}
