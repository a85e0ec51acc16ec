import { setTimeout as sleep } from "node:timers/promises";
import { proveS3 } from "#core/artifacts/s3-prove.ts";
import { type Config, readConfig } from "#core/config.ts";
import { messageOf, reasonOf } from "#core/errors.ts";
import type { Logger } from "#core/logger.ts";
import type { Registry } from "#core/registry.ts";
import { checkSecretKey } from "#core/secrets/check-secret-key.ts";
import { ConfigError, WrongSetting } from "#core/settings.ts";
import { within } from "#core/within.ts";

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
/** How long a part may delay the start. */
const startDelayMs = 5_000;

/** Ends the process with code 1 where its SLIPWAY_SECRET_KEY is not that of the database, or where it cannot do in the
 *  bucket for artifacts what it has to. */
export async function provenOrExit({ db, config, log }: Pick<Registry, "db" | "config" | "log">): Promise<void> {
  const { s3 } = config.artifacts;
  const secretKey = provenInTime("secret key", () => checkSecretKey(db, config.secrets), log);
  const bucket = async () => {
    if (s3 !== null) log.info({ bucket: s3.bucket, ...(await proveS3(s3)) }, "artifacts are kept in S3");
  };
  await Promise.all([secretKey, provenInTime("bucket", bucket, log)]);
}

/** Ends the process with code 1 and a sentence where a setting is wrong. Where the part that has to say so is away (or
 *  the database not migrated) the process comes up all the same, and ends when the part answers. */
async function provenInTime(what: string, prove: () => Promise<void>, log: Logger): Promise<void> {
  const attempt = async (): Promise<unknown> => {
    try {
      await prove();
      return null;
    } catch (error) {
      if (!(error instanceof WrongSetting)) return error;
      process.stderr.write(`${error.message}\n`);
      process.exit(1);
    }
  };
  const later = async (first: Promise<unknown>): Promise<void> => {
    for (let unknown = await first; unknown !== null; unknown = await attempt())
      await sleep(askAgainMs, undefined, { ref: false });
  };
  const first = attempt();
  const unknown = await within(startDelayMs, first).catch((late: unknown) => late);
  if (unknown === null) return;
  log.warn({ error: reasonOf(unknown) }, `the ${what} is checked when its part answers`);
  later(first).catch((error: unknown) => log.error({ err: error }, `the ${what} is not checked`));
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
