import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import type { Config } from "#core/config.ts";
import { messageOf } from "#core/errors.ts";
import type { Logger } from "#core/logger.ts";

/** Says "look at this row" to some worker. A ring that is lost costs time, never work.
 *  `attempts` is how often the row was claimed before: a job of an earlier attempt may still stand in the
 *  queue as running, held by a worker that was killed, and would swallow a ring of the same name. */
export interface Doorbell {
  /** Never throws and never waits long: the reconciler rings again for what went unheard. False when Redis did not
   *  take it. */
  ring(workId: string, attempts?: number): Promise<boolean>;
  /** Throws when Redis does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

const queueName = "work";
/** An enqueue waits for ever on a Redis that is away, whatever its options say. */
const ringTimeoutMs = 1_000;

export function openDoorbell(config: Config["queue"], log: Logger): Doorbell {
  const connection = new Redis(config.url, {
    maxRetriesPerRequest: 1,
    connectTimeout: ringTimeoutMs,
    enableOfflineQueue: false,
    lazyConnect: true,
    retryStrategy: (times) => Math.min(times * 200, 2_000),
  });
  // Without a listener a lost connection ends the process.
  connection.on("error", (error) => log.debug({ error: messageOf(error) }, "queue connection"));
  const connected = connection.connect().catch(() => {});
  const queue = new Queue<{ workId: string }>(queueName, { connection, prefix: config.prefix });
  queue.on("error", (error) => log.debug({ error: messageOf(error) }, "queue"));
  return {
    async ring(workId, attempts = 0) {
      try {
        await within(
          ringTimeoutMs,
          (async () => {
            await connected;
            // The same bell is not rung twice while it waits.
            const jobId = `${workId}-${attempts}`;
            await queue.add("look", { workId }, { jobId, removeOnComplete: true, removeOnFail: true });
          })(),
        );
        return true;
      } catch (error) {
        log.warn(
          { workId, error: messageOf(error) },
          "the queue did not take the ring; the reconciler will ring again",
        );
        return false;
      }
    },
    async ping() {
      await connected;
      await within(ringTimeoutMs, connection.ping());
    },
    async close() {
      await within(ringTimeoutMs, queue.close()).catch(() => {});
      connection.disconnect();
    },
  };
}

export interface Answering {
  /** Stops taking jobs and waits, up to a limit, for those that run. */
  close(limitMs: number): Promise<void>;
}

/** Hears the bell: calls `look` for each ring, `atOnce` at a time. */
export function answerDoorbell(
  config: Config["queue"],
  options: { atOnce: number; log: Logger },
  look: (workId: string) => Promise<void>,
): Answering {
  const connection = new Redis(config.url, {
    maxRetriesPerRequest: null,
    retryStrategy: (times) => Math.min(times * 200, 2_000),
  });
  connection.on("error", (error) => options.log.warn({ error: messageOf(error) }, "Redis does not serve the queue"));
  connection.on("ready", () => warnOfEviction(connection, options.log));
  const worker = new Worker<{ workId: string }>(queueName, async (job) => look(job.data.workId), {
    connection,
    prefix: config.prefix,
    concurrency: options.atOnce,
    // The row's lease decides who has the work; a lost job is rung again from the row.
    lockDuration: 10_000,
    stalledInterval: 5_000,
    maxStalledCount: 0,
  });
  worker.on("error", (error) => options.log.debug({ error: messageOf(error) }, "queue worker"));
  return {
    async close(limitMs) {
      await within(limitMs, worker.close()).catch(() => {});
      connection.disconnect();
    },
  };
}

/** A Redis that drops keys for want of memory drops rings and locks. */
function warnOfEviction(connection: Redis, log: Logger): void {
  connection.config("GET", "maxmemory-policy").then(
    (answer) => {
      const policy = Array.isArray(answer) ? String(answer[1]) : "unknown";
      if (policy !== "noeviction")
        log.warn({ policy }, "Redis may drop keys of the queue: set its maxmemory-policy to noeviction");
    },
    () => {}, // managed services often forbid CONFIG
  );
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
