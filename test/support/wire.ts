import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** One answer as it came over the wire. */
export interface WireAnswer {
  status: number;
  headers: Record<string, string>;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects and fails where it is not there
  json: any;
  body: string;
}

/** Sends exactly these bytes, what no HTTP client would, and reads answers until the other side closes or has been
 *  silent for a while, or until there are `enough` of them, for which it waits longer. Pieces are sent a moment apart.
 *  `leave` resets the connection when all is sent. */
export async function exchange(
  port: number,
  pieces: string | Buffer | readonly (string | Buffer)[],
  options: { enough?: number; silentMs?: number; everyMs?: number; leave?: boolean } = {},
): Promise<WireAnswer[]> {
  const { enough = Number.POSITIVE_INFINITY, everyMs = 20, leave = false } = options;
  const { silentMs = enough < Number.POSITIVE_INFINITY ? 45_000 : 700 } = options;
  const socket = connect(port, "127.0.0.1");
  const answers = readAll(socket, silentMs, enough);
  for (const piece of [pieces].flat()) {
    if (socket.destroyed) break;
    socket.write(piece as string | Buffer);
    await sleep(everyMs);
  }
  if (leave) socket.resetAndDestroy();
  return parseAnswers(await answers);
}

function readAll(socket: Socket, silentMs: number, enough: number): Promise<string> {
  return new Promise((resolve) => {
    let read = "";
    socket.setEncoding("latin1").on("data", (text: string) => {
      read += text;
      if (Number.isFinite(enough) && parseAnswers(read).length >= enough) socket.destroy();
    });
    socket.setTimeout(silentMs, () => socket.destroy());
    socket.on("error", () => {}); // a reset is one way to be refused; "close" follows
    socket.on("close", () => resolve(read));
  });
}

/** Answers that say their length, as all of Slipway's problems do. */
export function parseAnswers(read: string): WireAnswer[] {
  const answers: WireAnswer[] = [];
  for (let rest = read; rest.length > 0; ) {
    const end = rest.indexOf("\r\n\r\n");
    if (end === -1) break;
    const [first = "", ...lines] = rest.slice(0, end).split("\r\n");
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
    );
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]);
    const length = status === 100 ? 0 : Number(headers["content-length"] ?? 0);
    const body = rest.slice(end + 4, end + 4 + length);
    if (body.length < length) break;
    rest = rest.slice(end + 4 + length);
    const isJson = /json/.test(headers["content-type"] ?? "") && body !== "";
    if (status !== 100) answers.push({ status, headers, body, json: isJson ? JSON.parse(body) : undefined });
  }
  return answers;
}
