import http from "node:http";
import { buffer } from "node:stream/consumers";

export interface Exchange {
  port: number;
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: Buffer | undefined;
  /** Called with the number of bytes sent so far, before the first and after each piece. */
  onSent?: ((sentBytes: number) => void) | undefined;
}

export interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  bytes: Buffer;
  // biome-ignore lint/suspicious/noExplicitAny: a client reads what it expects
  json: any;
}

const pieceBytes = 64 * 1024;
const limitMs = 30_000;

/** One request on a connection of its own. Rejects where no whole answer comes. */
export function exchange({ port, method, path, headers, body = Buffer.alloc(0), onSent }: Exchange): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host: "127.0.0.1", port, method, path, agent: false, headers: { "content-length": body.length, ...headers } },
      (response) => {
        buffer(response).then((bytes) => {
          const isJson = /json/.test(response.headers["content-type"] ?? "");
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            bytes,
            json: isJson && bytes.length > 0 ? JSON.parse(bytes.toString()) : undefined,
          });
        }, reject);
      },
    );
    request.setTimeout(limitMs, () =>
      request.destroy(new Error(`${method} ${path} had no answer within ${limitMs} ms`)),
    );
    request.on("error", reject);
    sendPieces(request, body, onSent).catch(reject);
  });
}

async function sendPieces(request: http.ClientRequest, body: Buffer, onSent: Exchange["onSent"]): Promise<void> {
  onSent?.(0);
  for (let at = 0; at < body.length && !request.destroyed; at += pieceBytes) {
    const piece = body.subarray(at, at + pieceBytes);
    await new Promise<void>((resolve) => request.write(piece, () => resolve()));
    onSent?.(at + piece.length);
  }
  request.end();
}
