import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream";
import { whenDone } from "#test/when-done.ts";

/** True where the fault has dealt with the request; otherwise it goes on to the registry. */
export type Fault = (incoming: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

export interface FaultyProxy {
  host: string;
  /** `METHOD path` of all that came by. */
  seen: string[];
}

/** A real registry behind faults that it cannot be brought to make. */
export async function faultyProxy(registryHost: string, fault: Fault): Promise<FaultyProxy> {
  const seen: string[] = [];
  const server = createServer(async (incoming, response) => {
    seen.push(`${incoming.method} ${incoming.url?.split("?")[0]}`);
    const dealt = fault(incoming, response);
    if (dealt === true || (dealt !== false && (await dealt))) return;
    const onward = request(
      {
        host: registryHost.split(":")[0],
        port: registryHost.split(":")[1],
        method: incoming.method,
        path: incoming.url,
        headers: incoming.headers,
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        // What the registry breaks off is broken off here.
        pipeline(answer, response, () => {});
      },
    );
    onward.on("error", () => response.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  whenDone(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}
