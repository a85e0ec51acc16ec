import { setImmediate as turn } from "node:timers/promises";
import { Redis } from "ioredis";
import { messageOf } from "#core/errors.ts";
import type { Logger } from "#core/logger.ts";
import { within } from "#core/within.ts";

export interface CountingRedis {
  client: Redis;
  /** What `count` brings; throws where that takes more than a quarter of a second. */
  soon<T>(count: Promise<T>): Promise<T>;
  close(): void;
}

const limits = {
  countMs: 250,
  /** A connection that owes an answer for so long is opened anew; meanwhile nothing is asked of it. */
  silentMs: 1_000,
  connectMs: 1_000,
  retryMs: 500,
  warnEveryMs: 5_000,
};

/** A connection of its own, on which nothing waits: where Redis is away a count fails at once. */
export async function openCountingRedis(url: string, log: Logger): Promise<CountingRedis> {
  const client = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: limits.connectMs,
    socketTimeout: limits.silentMs,
    retryStrategy: () => limits.retryMs,
  });
  let warnedAt = 0;
  const warn = (error: unknown): void => {
    if (Date.now() - warnedAt < limits.warnEveryMs) return;
    warnedAt = Date.now();
    log.warn({ error: messageOf(error) }, "Redis does not count requests");
  };
  client.on("error", warn);
  await within(limits.connectMs, client.connect()).catch(warn); // it goes on trying
  return {
    client,
    async soon(count) {
      try {
        return await within(limits.countMs, count).catch(async (late) => {
          // Where this process was busy for so long the answer may be here, unread.
          await turn();
          return Promise.race([count, Promise.reject(late)]);
        });
      } catch (error) {
        warn(error);
        throw error;
      }
    },
    close: () => client.disconnect(),
  };
}
