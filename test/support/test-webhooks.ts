import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { Registry } from "#core/registry.ts";
import { addDeliveries } from "#core/webhooks/add-deliveries.ts";
import { runDeliveries } from "#core/webhooks/run-deliveries.ts";
import { makeBell } from "#core/work/bell.ts";
import { testSequencer } from "./test-sequencer.ts";
import { whenDone } from "./when-done.ts";

/** What a worker does for webhooks, in this process, ended with the file or `describe`. */
export function testWebhooks(registry: Registry): void {
  const ending = new AbortController();
  const bell = makeBell();
  const sending = runDeliveries(registry, { worker: "test-webhooks", bell }, ending.signal);
  testSequencer(registry, addDeliveries, bell.ring);
  whenDone(async () => {
    ending.abort();
    bell.ring();
    await sending;
  });
}

export interface Received {
  headers: Record<string, string>;
  body: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects and fails where it is not there
  json: any;
  at: number;
}

export interface Receiver {
  url: string;
  /** Whatever came, also what was not taken. */
  received: Received[];
  /** Kinds and subjects of what was taken, in their order. */
  taken(): string[];
}

/** Somebody's server that events are sent to. `answer` says the status of each, or answers by itself and says null; a server
 *  without it takes everything. */
export async function receiver(
  answer: (received: Received, response: ServerResponse) => number | null | Promise<number | null> = () => 204,
): Promise<Receiver> {
  const received: Received[] = [];
  const taken: string[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    const body = await text(request);
    const one = { headers: request.headers as Record<string, string>, body, json: JSON.parse(body), at: Date.now() };
    received.push(one);
    const status = await answer(one, response);
    if (status === null) return;
    if (status < 300) taken.push(`${one.json.type} ${one.json.data.subject}`);
    response.writeHead(status).end(status < 300 ? "" : "not this time");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  whenDone(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/hook`, received, taken: () => [...taken] };
}
