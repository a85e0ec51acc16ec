import { createServer } from "node:http";
import type { Pulse } from "#core/work/pulse.ts";

export interface Liveness {
  close(): void;
}

/** `GET /healthz` of a worker: 200, or 503 while it is wedged and should be started again. Resolves when it listens. */
export async function answerLiveness(
  address: { host: string; port: number },
  pulse: Pick<Pulse, "wedgedSince">,
): Promise<Liveness> {
  const server = createServer((request, response) => {
    const known = request.method === "GET" && request.url === "/healthz";
    const since = pulse.wedgedSince();
    const answer = since === null ? { status: "ok" } : { status: "wedged", since: since.toISOString() };
    response.writeHead(known ? (since === null ? 200 : 503) : 404, { "content-type": "application/json" });
    response.end(known ? JSON.stringify(answer) : "{}");
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(address, resolve);
  });
  return {
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
