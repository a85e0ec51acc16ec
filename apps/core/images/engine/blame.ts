import type { EngineConfig } from "#core/config.ts";
import { BuildFault } from "../image-builder.ts";
import { megabytes } from "../measures.ts";

/** What the engine, a registry or the disk says when they are at fault, whatever was being done. */
const partsFault =
  /no space left on device|connection refused|connection reset|i\/o timeout|TLS handshake|no such host|server misbehaving|Client\.Timeout|context (?:deadline exceeded|canceled)|toomanyrequests|unexpected EOF|x509:/i;

/** What the engine says of a Dockerfile, of what it names, and of what it runs. An error that is not known is a part's: it
 *  is tried again, and a package that is to blame fails later, where one that is not would fail for good. */
const packagesFault = [
  /^(?:COPY|ADD) failed|^(?:failed to (?:parse|process)|.*parse error|unknown (?:instruction|flag))/i,
  /requires (?:at least|exactly|either)|invalid (?:reference|from flag|argument|user|containerPort|signal|repository)/i,
  /pull access denied|repository does not exist|repository \S+ not found|manifest (?:unknown|for \S+ not found)|no match(?:ing manifest)? for/i,
  /unable to find (?:user|group)|no build stage in current context|No image was generated|exec: ".*(?:no such file|not found|permission denied)/i,
];

/** Who is to blame for the error that ended a build, in one line. A step that failed is the package's. */
export function blameForError(
  message: string,
  {
    lastLine,
    limits,
    refused = false,
  }: {
    lastLine: string;
    limits: Pick<EngineConfig["limits"], "memoryBytes">;
    /** It was not even begun: the Dockerfile is wrong. */
    refused?: boolean;
  },
): Error {
  const text = message.replaceAll("\n", " ").trim();
  const [, command, code] = /^The command '(.+)' returned a non-zero code: (\d+)$/.exec(text) ?? [];
  if (command !== undefined && code !== undefined) return stepFailed(command, Number(code), { lastLine, limits });
  if (partsFault.test(text) || !(refused || packagesFault.some((pattern) => pattern.test(text))))
    return new Error(`the engine could not build: ${shortened(text, 400)}`);
  return new BuildFault("build_step_failed", `the Dockerfile cannot be built: ${shortened(text, 400)}`);
}

/** What a step that ended so has said last is the best that is known of why. */
export function stepFailed(
  command: string,
  exitCode: number,
  { lastLine, limits }: { lastLine: string; limits: Pick<EngineConfig["limits"], "memoryBytes"> },
): StepFailed {
  const said = lastLine === "" ? "" : `: ${shortened(lastLine, 300)}`;
  const killed =
    exitCode === 137
      ? ` (killed, most often since it wanted more than the ${megabytes(limits.memoryBytes)} of memory that it may have)`
      : "";
  return new StepFailed(exitCode, `the step ${shortened(command, 200)} ended with ${exitCode}${killed}${said}`);
}

/** A step that did not end with 0. */
export class StepFailed extends BuildFault {
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super("build_step_failed", message);
    this.exitCode = exitCode;
  }
}

function shortened(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
