import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** What came back on a connection, to the byte, and how it ended. */
export interface Conversation {
  text: string;
  /** `end`: in order. `reset`: cut off. `refused`: it never was. */
  ended: "end" | "reset" | "refused";
  ms: number;
}

export interface RawClient {
  socket: Socket;
  /** Sends these bytes; false where the connection takes none any more. */
  send(bytes: string | Buffer): boolean;
  /** Resolves when `pattern` stands in what came so far; fails when the connection ends before. */
  heard(pattern: RegExp): Promise<void>;
  /** Resolves when the connection has ended; a minute at the most. */
  ended: Promise<Conversation>;
}

/** A client that says just what it is told, and takes note of all it hears. It closes when the other side does. */
export function rawClient(port: number): RawClient {
  const startedAt = Date.now();
  const socket = connect(port, "127.0.0.1");
  let text = "";
  let fault: string | null = null;
  socket.setEncoding("latin1").on("data", (bytes: string) => {
    text += bytes;
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    fault = error.code ?? error.message;
  });
  const ended = new Promise<Conversation>((resolve, reject) => {
    const late = setTimeout(
      () => reject(new Error(`the connection did not end; it said: ${text.slice(-500)}`)),
      60_000,
    );
    socket.once("close", () => {
      clearTimeout(late);
      const how = fault === null ? "end" : fault === "ECONNREFUSED" ? "refused" : "reset";
      resolve({ text, ended: how, ms: Date.now() - startedAt });
    });
  });
  ended.catch(() => {}); // for tests that do not wait for it
  return {
    socket,
    ended,
    send(bytes) {
      if (!socket.writable) return false;
      socket.write(bytes);
      return true;
    },
    async heard(pattern) {
      while (!pattern.test(text)) {
        if (socket.destroyed)
          throw new Error(`the connection ended (${fault ?? "in order"}) after: ${text.slice(-500)}`);
        await sleep(10);
      }
    },
  };
}

/** One answer in a conversation. */
export interface RawAnswer {
  status: number;
  head: string;
  body: string;
  /** Its body has all its bytes. */
  whole: boolean;
}

/** The answers in what came, which say their length or come in chunks (RFC 9112 §6). */
export function answersIn(text: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  for (let rest = text; rest !== ""; ) {
    const split = rest.indexOf("\r\n\r\n");
    const head = split === -1 ? rest : rest.slice(0, split);
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? Number.NaN);
    const after = split === -1 ? "" : rest.slice(split + 4);
    const { body, whole, length } = /\r\ntransfer-encoding: chunked/i.test(head)
      ? chunkedBody(after)
      : sizedBody(after, Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0));
    answers.push({ status, head, body, whole: whole && split !== -1 });
    rest = after.slice(length);
  }
  return answers;
}

interface Body {
  body: string;
  whole: boolean;
  /** What it takes on the wire. */
  length: number;
}

function sizedBody(text: string, size: number): Body {
  const body = text.slice(0, size);
  return { body, whole: body.length === size, length: size };
}

function chunkedBody(text: string): Body {
  let body = "";
  for (let at = 0; ; ) {
    const line = text.indexOf("\r\n", at);
    const size = Number.parseInt(text.slice(at, line), 16);
    if (line === -1 || Number.isNaN(size) || text.length < line + 2 + size + 2)
      return { body, whole: false, length: text.length };
    body += text.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
    if (size === 0) return { body, whole: true, length: at };
  }
}
