import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "undici";
import { messageOf } from "#core/errors.ts";

export interface PacedRequest {
  /** What it is of the mix. */
  kind: string;
  method: "GET" | "PUT";
  path: string;
  headers: Record<string, string>;
  body?: string | Buffer;
}

export interface PacedAnswer {
  kind: string;
  /** Null where none came: a broken connection, or nothing for ten seconds. */
  status: number | null;
  /** From when the request was due: what waits behind a late answer is late too. */
  tookMs: number;
}

const answerWithinMs = 10_000;

/** Sends requests at a fixed pace, each connection on its own beat: they come evenly, however long the answers take. */
export async function pacedLoad(
  url: string,
  pace: { connections: number; perSecondEach: number; seconds: number },
  requestOf: (connection: number, turn: number) => PacedRequest,
  say: (text: string) => void,
): Promise<PacedAnswer[]> {
  const everyMs = 1_000 / pace.perSecondEach;
  const start = performance.now();
  const answers: PacedAnswer[] = [];
  const send = async (client: Client, { kind, ...request }: PacedRequest): Promise<number | null> => {
    try {
      const { statusCode, body } = await client.request(request);
      await body.dump({ limit: Number.POSITIVE_INFINITY });
      return statusCode;
    } catch (error) {
      say(`  ${kind}: ${messageOf(error)}`);
      return null;
    }
  };
  const connect = async (connection: number): Promise<void> => {
    const client = new Client(url, { headersTimeout: answerWithinMs, bodyTimeout: answerWithinMs });
    for (let turn = 0; turn < pace.seconds * pace.perSecondEach; turn++) {
      const due = start + (turn + connection / pace.connections) * everyMs;
      const early = due - performance.now();
      if (early > 0) await sleep(early);
      const request = requestOf(connection, turn);
      const status = await send(client, request);
      answers.push({ kind: request.kind, status, tookMs: performance.now() - due });
    }
    await client.close();
  };
  await Promise.all(Array.from({ length: pace.connections }, (_, connection) => connect(connection)));
  return answers;
}
