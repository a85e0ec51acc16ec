import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Of a message to Postgres: before Postgres has it, when Postgres has answered and the client has not heard, or when
 *  the client has its answer and asks no more at the moment. */
export type CutMoment = "before" | "after" | "answered";

export interface PostgresProxy {
  port: number;
  /** Cuts the connection of the first message of this kind at which `isDue`, and calls `act` right before. */
  cutAt(kind: "commit" | "message", moment: CutMoment, isDue: () => boolean, act?: () => void): void;
  /** True where a cut was still to come. */
  disarm(): boolean;
  close(): void;
}

/** True from the `count`-th question on, whoever asks. */
export function fromThe(count: number): () => boolean {
  let left = count;
  return () => --left <= 0;
}

/** Knows a commit among the messages of one connection (PostgreSQL protocol 3.0, "Message Formats"): the text stands in
 *  `Query`, or in the `Parse` of a named statement, which each later `Bind` only names. */
function commitSpotter(): (chunk: Buffer) => boolean {
  let statement: string | null = null;
  return (chunk) => {
    const text = chunk.toString("latin1");
    const [, named] = /P[\s\S]{4}([^\0]+)\0COMMIT\0/.exec(text) ?? [];
    statement = named ?? statement;
    return text.includes("COMMIT\0") || (statement !== null && text.includes(`\0${statement}\0`));
  };
}

/** Passes one process's connections on to Postgres and cuts them where it is told to. */
export async function postgresProxy(postgresPort: number): Promise<PostgresProxy> {
  let armed: { kind: "commit" | "message"; moment: CutMoment; isDue: () => boolean; act: () => void } | null = null;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(postgresPort, "127.0.0.1");
    const cut = (): void => {
      client.destroy();
      upstream.destroy();
    };
    /** True where the answer is to be passed on. */
    let atAnswer: (() => boolean) | null = null;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", cut);
      socket.on("close", () => {
        sockets.delete(socket);
        cut();
      });
    }
    const isCommit = commitSpotter();
    client.on("data", (chunk) => {
      const commits = isCommit(chunk);
      if (armed !== null && (armed.kind === "message" || commits) && armed.isDue()) {
        const { moment, act } = armed;
        armed = null;
        if (moment === "before") {
          act();
          return cut();
        }
        atAnswer = () => {
          act();
          return moment === "answered";
        };
      }
      upstream.write(chunk);
    });
    upstream.on("data", (chunk) => {
      if (atAnswer === null) return void client.write(chunk);
      if (atAnswer()) client.end(chunk, cut);
      else cut();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cutAt: (kind, moment, isDue, act = () => {}) => {
      armed = { kind, moment, isDue, act };
    },
    disarm() {
      const wasArmed = armed !== null;
      armed = null;
      return wasArmed;
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
