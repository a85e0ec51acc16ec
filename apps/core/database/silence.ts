import { setImmediate as turn } from "node:timers/promises";
import { Client, type ClientConfig, DatabaseError } from "pg";

/*
 * A Postgres that is frozen or cut off says nothing: no error comes, and a statement's own limit has to leave room for a
 * line of writers who wait for one lock (4 s). A statement that has no answer for a while is therefore asked about over
 * a new connection. One answer there, were it a refusal, says that the statement is only slow.
 */
const limits = { suspiciousMs: 500, pingConnectMs: 800, pingAnswerMs: 300 };
/** For so long after a ping or a new connection got no answer none is tried: who has waited for a place in the pool would
 *  wait twice. */
const notTriedForMs = 500;

type Connected = (error: Error | null) => void;

/** A class of connections for the pool of one database that end themselves, with `Connection terminated`, within 1.6 s
 *  when its server has gone silent. */
export function silenceNoticing(connectionString: string): typeof Client {
  let notTriedUntil = 0;
  let pinging: Promise<boolean> | null = null;
  const isSilent = (): Promise<boolean> => {
    pinging ??= ping(connectionString)
      .then((answered) => {
        if (!answered) notTriedUntil = Date.now() + notTriedForMs;
        return !answered;
      })
      .finally(() => {
        pinging = null;
      });
    return pinging;
  };

  return class SilenceNoticingClient extends Client {
    #timer: NodeJS.Timeout | undefined;

    constructor(config?: string | ClientConfig) {
      super(config);
      this.query = ((...given: unknown[]) => {
        this.#watch();
        return (super.query as (...given: unknown[]) => unknown)(...given);
      }) as typeof this.query;
      const unwatch = () => {
        clearTimeout(this.#timer);
        this.#timer = undefined;
      };
      this.on("drain", unwatch).on("end", unwatch).on("error", unwatch);
    }

    /** The pool calls it with a callback. */
    override connect(): Promise<Client>;
    override connect(connected: Connected): void;
    override connect(connected?: Connected): Promise<Client> | undefined {
      if (connected === undefined) return super.connect();
      if (Date.now() < notTriedUntil) {
        process.nextTick(connected, new Error("Connection terminated: the database gave no answer a moment ago"));
        return undefined;
      }
      const startedAt = Date.now();
      super.connect((error: Error | null) => {
        const waited = Date.now() - startedAt > limits.pingConnectMs; // a refusal comes at once
        if (error && waited) notTriedUntil = Date.now() + notTriedForMs;
        connected(error);
      });
      return undefined;
    }

    #watch(): void {
      clearTimeout(this.#timer);
      const timer = setTimeout(async () => {
        const silent = await isSilent();
        await turn(); // where it was we who were late, what came meanwhile is read first
        if (this.#timer !== timer) return; // the answer has come, and perhaps the next question
        if (silent) await this.end();
        else this.#watch();
      }, limits.suspiciousMs);
      this.#timer = timer;
    }
  };
}

/** Whether the server says anything at all to a newcomer. */
async function ping(connectionString: string): Promise<boolean> {
  const client = new Client({
    connectionString,
    connectionTimeoutMillis: limits.pingConnectMs,
    query_timeout: limits.pingAnswerMs,
  });
  client.on("error", () => {}); // also thrown
  try {
    await client.connect();
    await client.query("SELECT 1");
    return true;
  } catch (error) {
    return error instanceof DatabaseError;
  } finally {
    client.end().catch(() => {});
  }
}
