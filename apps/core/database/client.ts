import { PrismaPg } from "@prisma/adapter-pg";
import type { Config } from "#core/config.ts";
import { type Prisma, PrismaClient } from "#prisma/client/client.ts";
import { silenceNoticing } from "./silence.ts";
import { statementNames } from "./statement-names.ts";

export type Database = PrismaClient;
export type Transaction = Prisma.TransactionClient;

/** Every wait has an end: a place in the pool, a statement, a lock. Past it the answer is 503. The server keeps the
 *  limits of statements and locks; `answerMs` is ours. A server that has gone silent is noticed sooner (silence.ts). */
const limits = { connectMs: 1_500, lockMs: 4_000, statementMs: 4_500, answerMs: 5_000, idleInTransactionMs: 10_000 };

export function openDatabase(config: Config["database"]): Database {
  const connections = {
    connectionString: config.url,
    Client: silenceNoticing(config.url),
    max: config.poolSize,
    connectionTimeoutMillis: limits.connectMs,
    statement_timeout: limits.statementMs,
    query_timeout: limits.answerMs,
    keepAlive: true,
    lock_timeout: limits.lockMs,
    idle_in_transaction_session_timeout: limits.idleInTransactionMs,
    application_name: "slipway",
  };
  const adapter = new PrismaPg(connections, { statementNameGenerator: statementNames() });
  return new PrismaClient({
    adapter,
    transactionOptions: { maxWait: limits.connectMs, timeout: limits.idleInTransactionMs },
  });
}
