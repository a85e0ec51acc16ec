import { setTimeout as sleep } from "node:timers/promises";
import { type Config, ConfigError, readConfig } from "#core/config.ts";
import { messageOf } from "#core/errors.ts";
import type { Logger } from "#core/logger.ts";
import type { Registry } from "#core/registry.ts";
import { checkSecretKey, WrongSecretKey } from "#core/secrets/check-secret-key.ts";

/** The settings of this process. Where they are wrong, all that is wrong is said and the process ends with code 2. */
export function configOrExit(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}

/** What `listening` resolves with; where it fails, the reason is said and the process ends with code 1. */
export async function orExit<T>(
  listening: Promise<T>,
  { host, port }: { host: string; port: number },
  setting: string,
): Promise<T> {
  try {
    return await listening;
  } catch (error) {
    const taken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
    const reason = taken
      ? `port ${port} on ${host} is taken by another program: set ${setting} to a free one`
      : `cannot listen on ${host}:${port}: ${messageOf(error)}`;
    process.stderr.write(`${reason}\n`);
    process.exit(1);
  }
}

const askAgainMs = 1_000;

/** Ends the process with code 1 where its SLIPWAY_SECRET_KEY is not that of the database. Where the database is away or
 *  not migrated the process comes up all the same, and ends when the database answers. */
export async function secretKeyOrExit({ db, config, log }: Pick<Registry, "db" | "config" | "log">): Promise<void> {
  const check = async (): Promise<unknown> => {
    try {
      await checkSecretKey(db, config.secrets);
      return null;
    } catch (error) {
      if (!(error instanceof WrongSecretKey)) return error;
      process.stderr.write(`${error.message}\n`);
      process.exit(1);
    }
  };
  const unknown = await check();
  if (unknown === null) return;
  log.warn({ error: messageOf(unknown) }, "the secret key is checked when the database answers");
  const checkAgain = async (): Promise<void> => {
    do await sleep(askAgainMs, undefined, { ref: false });
    while ((await check()) !== null);
  };
  checkAgain().catch((error: unknown) => log.error({ err: error }, "the secret key is not checked"));
}

/** Ends the process in order at SIGTERM or SIGINT, and at the limit whatever still runs. */
export function endOnSignal(log: Logger, limitMs: number, close: () => Promise<void>): void {
  let ending = false;
  const end = (signal: string): void => {
    if (ending) return;
    ending = true;
    log.info({ signal }, "ending in order");
    setTimeout(() => {
      log.warn({ limitMs }, "not all had ended at the limit");
      process.exit(0);
    }, limitMs);
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, "did not end in order");
        process.exit(1);
      },
    );
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => end(signal));
}
