import { makeLogger } from "#core/logger.ts";

/** What the supervisor says, and what it passes on of what its children say. */
export interface Voice {
  say(sentence: string): void;
  warn(sentence: string): void;
  /** Why there is no instance. */
  fail(sentence: string): void;
  /** A line of the API's or the worker's own JSON log. */
  passOn(part: string, line: string): void;
  /** The instance answers. */
  ready(facts: ReadyFacts): void;
}

export interface ReadyFacts {
  url: string;
  /** What stands behind each part, in a few words. */
  parts: Readonly<Record<string, string>>;
}

/** For a person: sentences, and of the logs only what is wrong. */
export function terminalVoice(out: NodeJS.WritableStream = process.stdout): Voice {
  const say = (text: string) => void out.write(`${text}\n`);
  return {
    say,
    warn: (sentence) => say(`! ${sentence}`),
    fail: say,
    passOn(part, line) {
      if (line === "") return;
      const entry = parseEntry(line);
      if (entry === null) say(`! ${part}: ${line}`);
      else if (entry.level === "error" || entry.level === "fatal") say(`! ${part}: ${entry.message}`);
    },
    ready({ url, parts }) {
      say(`\nSlipway is ready at ${url} (documentation: ${url}/docs)`);
      for (const [name, words] of Object.entries(parts)) say(`  ${name.padEnd(10)} ${words}`);
      say("Ctrl-C stops it.\n");
    },
  };
}

/** For a service manager or a container: one JSON object a line, the children's lines as they are. */
export function jsonVoice(level: string): Voice {
  const log = makeLogger({ level, part: "standalone" });
  return {
    say: (sentence) => log.info(sentence),
    warn: (sentence) => log.warn(sentence),
    fail: (sentence) => log.fatal(sentence),
    passOn(part, line) {
      if (line === "") return;
      if (parseEntry(line) === null) log.warn({ from: part }, line);
      else process.stdout.write(`${line}\n`);
    },
    ready: ({ url, parts }) => log.info({ url, parts }, "ready"),
  };
}

/** Null for a line that is no log entry, such as what Node prints when it dies. */
function parseEntry(line: string): { level: string; message: string } | null {
  if (!line.startsWith("{")) return null;
  try {
    const { level, msg, err } = JSON.parse(line) as { level?: string; msg?: string; err?: { message?: string } };
    return level === undefined ? null : { level, message: [msg, err?.message].filter(Boolean).join(": ") };
  } catch {
    return null;
  }
}
