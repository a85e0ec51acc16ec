import type { EngineConfig } from "#core/config.ts";
import { BuildFault } from "../image-builder.ts";
import { readMultiplexed } from "./multiplexed.ts";

/** No line is longer: what is, is cut into several. */
const longestLine = 16 * 1024;

/** What a terminal would show: without colours, and of a line that is written again and again its last state. Blank
 *  lines count as well. */
export function textLines(text: string | undefined): string[] {
  if (text === undefined) return [];
  return text
    .replace(/\n$/, "")
    .split("\n")
    .map((line) =>
      line
        .replace(/\r$/, "")
        .replace(/^.*\r/, "")
        .replace(escapes, "")
        .replace(/\p{Cc}/gu, " ")
        .trimEnd(),
    );
}

const escapes = new RegExp(`${String.fromCharCode(27)}\\[[0-9;?]*[A-Za-z]`, "g");

/** The lines of both outputs of a container that runs, as they come. */
export async function* containerLines(attached: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let held = "";
  for await (const { bytes } of readMultiplexed(attached)) {
    held += decoder.decode(bytes, { stream: true });
    const end = held.length > longestLine ? held.length : held.lastIndexOf("\n") + 1;
    if (end > 0) yield* textLines(held.slice(0, end));
    held = held.slice(end);
  }
  if (held !== "") yield* textLines(held);
}

export interface StepLog {
  /** Counts a line, blank ones as well. Whether it says something. Throws `BuildFault` for one too many. */
  count(line: string): boolean;
  say(line: string): void;
  /** What was said last. */
  readonly lastLine: string;
}

/** What the steps of a build write, within the limit of lines. */
export function openStepLog(
  { logLines }: Pick<EngineConfig["limits"], "logLines">,
  log: (line: string) => void,
): StepLog {
  let lines = 0;
  let lastLine = "";
  return {
    count(line) {
      lines += 1;
      if (lines > logLines)
        throw new BuildFault("build_limit_exceeded", `the build wrote more than the ${logLines} lines that it may`);
      return line !== "";
    },
    say(line) {
      lastLine = line;
      log(line);
    },
    get lastLine() {
      return lastLine;
    },
  };
}
