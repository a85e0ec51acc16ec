import { type DestinationStream, type Logger, pino } from "pino";
import type { Redact } from "./redact.ts";

export type { Logger };

/** Headers and settings that carry secrets, wherever a log line holds them. */
const secretPaths = [
  "req.headers.authorization",
  "req.headers.cookie",
  "headers.authorization",
  "*.authorization",
  "*.password",
  "*.token",
  "*.secret",
];

interface LoggerOptions {
  level: string;
  part: string;
  destination?: DestinationStream;
  /** Of each line, whole: secrets come in URLs and in the words of other programs, too. */
  redact?: Redact;
}

export function makeLogger(options: LoggerOptions): Logger {
  return pino(
    {
      level: options.level,
      base: { part: options.part, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretPaths, censor: "[redacted]" },
      ...(options.redact === undefined ? {} : { hooks: { streamWrite: options.redact } }),
    },
    options.destination ?? pino.destination({ dest: 1, sync: true }),
  );
}

/** Standard output for a process that writes a line at each request: lines go out together, up to 50 ms late, since a
 *  write and its reader's waking cost more than the line. An end in order or by an error writes what is left; what is
 *  killed outright takes it along. */
export function gatheredOutput(): DestinationStream {
  return pino.destination({ dest: 1, sync: false, minLength: 4_096, periodicFlush: 50 });
}

/** For work that comes with every change, of which two lines each would be all that the log holds: what goes wrong, and all
 *  of it where details are wanted. */
export function quietly(log: Logger): Logger {
  return log.isLevelEnabled("debug") || !log.isLevelEnabled("warn") ? log : log.child({}, { level: "warn" });
}
