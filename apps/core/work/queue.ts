import { type Job, Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import type { Config } from "#core/config.ts";
import { messageOf } from "#core/errors.ts";
import type { Logger } from "#core/logger.ts";
import { within } from "#core/within.ts";

/** Says "look at this row" to some worker. A ring that is lost costs time, never work.
 *  `attempts` is how often the row was claimed before: a job of an earlier attempt may still stand in the
 *  queue as running, held by a worker that was killed, and would swallow a ring of the same name. */
export interface Doorbell {
  /** `kind` is said of work that takes some milliseconds (near-doorbell.ts). Never throws and never waits long: the reconciler
   *  rings again for what went unheard. False when Redis did not take it. */
  ring(workId: string, attempts?: number, kind?: string): Promise<boolean>;
  /** Says that something was changed and committed. Nobody waits for it: one that is lost costs a second. */
  announce(): void;
  /** Throws when Redis does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Work to look at, and how often it was claimed before. */
export interface DueWork {
  id: string;
  attempt: number;
  /** Of work that takes some milliseconds. */
  kind?: string;
}

/** Rings for each; for when the transaction that made it due is through. */
export async function ringAll(doorbell: Pick<Doorbell, "ring">, due: readonly DueWork[]): Promise<void> {
  for (const { id, attempt, kind } of due) await doorbell.ring(id, attempt, kind);
}

const queueName = "work";
const channelOf = ({ prefix }: Config["queue"]) => `${prefix}:changes`;
const probeName = "probe";
/** An enqueue waits for ever on a Redis that is away, whatever its options say. */
const ringTimeoutMs = 1_000;
/** A connection that is half open (the other side is gone and nobody said so) would stay so for as long as TCP tries,
 *  a quarter of an hour: one that owes an answer for so long is opened anew. A worker waits up to 10 s for a job. */
const silence = { ringingMs: 3_000, answeringMs: 15_000 };

export function openDoorbell(config: Config["queue"], log: Logger): Doorbell {
  const connection = new Redis(config.url, {
    maxRetriesPerRequest: 1,
    connectTimeout: ringTimeoutMs,
    socketTimeout: silence.ringingMs,
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
    announce() {
      connection.publish(channelOf(config), "").catch(() => {});
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

/** What a worker took from the queue since it began. */
export interface Taken {
  /** Rings and probes. */
  jobs: number;
  /** Answers of Redis to "is there a job?", also those that said no. */
  looks: number;
  lastAt: Date | null;
  /** Rings that are being looked at, and how many can be at once. */
  running: number;
  slots: number;
}

/** An idle worker looks so often, also where nothing wakes it. */
const lookEverySeconds = 1;

export interface Answering {
  taken(): Taken;
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
    connectTimeout: silence.ringingMs,
    socketTimeout: silence.answeringMs,
    retryStrategy: (times) => Math.min(times * 200, 2_000),
  });
  connection.on("error", (error) => options.log.warn({ error: messageOf(error) }, "Redis does not serve the queue"));
  connection.on("ready", () => warnOfEviction(connection, options.log));
  const taken: Taken = { jobs: 0, looks: 0, lastAt: null, running: 0, slots: options.atOnce };
  const take = async (job: Job<{ workId: string }>): Promise<void> => {
    taken.jobs += 1;
    taken.lastAt = new Date();
    if (job.name === probeName) return;
    taken.running += 1;
    try {
      await look(job.data.workId);
    } finally {
      taken.running -= 1;
    }
  };
  class CountingWorker extends Worker<{ workId: string }> {
    protected override async moveToActive(token: string, name?: string) {
      const job = await super.moveToActive(token, name);
      taken.looks += 1;
      return job;
    }
  }
  const worker = new CountingWorker(queueName, take, {
    connection,
    prefix: config.prefix,
    concurrency: options.atOnce,
    drainDelay: lookEverySeconds,
    // The row's lease decides who has the work; a lost job is rung again from the row.
    lockDuration: 10_000,
    stalledInterval: 5_000,
    maxStalledCount: 0,
  });
  worker.on("error", (error) => options.log.debug({ error: messageOf(error) }, "queue worker"));
  return {
    taken: () => ({ ...taken }),
    async close(limitMs) {
      await within(limitMs, worker.close()).catch(() => {});
      connection.disconnect();
    },
  };
}

/** An idle connection owes no answer: asked so often, one that is half open is noticed. */
const pingEveryMs = 5_000;

/** Calls `onChange` for whatever any process announces. Returns what ends it. */
export function hearChanges(config: Config["queue"], onChange: () => void): () => void {
  const connection = new Redis(config.url, {
    maxRetriesPerRequest: null,
    connectTimeout: silence.ringingMs,
    socketTimeout: silence.ringingMs,
    retryStrategy: (times) => Math.min(times * 200, 2_000),
  });
  connection.on("error", () => {}); // whoever answers the doorbell says so
  connection.on("message", onChange);
  connection.subscribe(channelOf(config)).catch(() => {}); // anew after each connection
  const pinging = setInterval(() => void connection.ping().catch(() => {}), pingEveryMs);
  return () => {
    clearInterval(pinging);
    connection.disconnect();
  };
}

/** Puts a job into the queue that says nothing, for the worker of this id to see whether jobs come. False where the one
 *  before still waits: nobody takes jobs. Over a connection of its own: the worker's may be what is broken. Throws when
 *  Redis does not take it within a second. */
export async function probeQueue(config: Config["queue"], workerId: string): Promise<boolean> {
  const connection = new Redis(config.url, { maxRetriesPerRequest: 0, lazyConnect: true, retryStrategy: () => null });
  connection.on("error", () => {}); // what `connect` and `add` throw says it
  const add = async (): Promise<boolean> => {
    await connection.connect();
    const queue = new Queue(queueName, { connection, prefix: config.prefix, skipMetasUpdate: true });
    queue.on("error", () => {});
    const jobId = `${probeName}-${workerId}`;
    const waits = (await queue.getJob(jobId)) !== undefined;
    if (!waits) await queue.add(probeName, {}, { jobId, removeOnComplete: true, removeOnFail: true });
    await queue.close();
    return !waits;
  };
  try {
    return await within(ringTimeoutMs, add());
  } finally {
    connection.disconnect();
  }
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
