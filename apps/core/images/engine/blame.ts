import type { EngineConfig } from "#core/config.ts";
import { BuildFault } from "../image-builder.ts";
import { megabytes } from "../measures.ts";

/** What the engine, a registry or the disk says when they are at fault, and not what is built. */
const partsFault =
  /no space left on device|connection refused|connection reset|i\/o timeout|TLS handshake|no such host|server misbehaving|Client\.Timeout|context deadline exceeded|toomanyrequests|unexpected EOF|x509:|\b50[0-4]\b/i;

/** Who is to blame for the error that ended a build, in one line. A step that failed is the package's. */
export function blameForError(
  message: string,
  { lastLine, limits }: { lastLine: string; limits: Pick<EngineConfig["limits"], "memoryBytes"> },
): Error {
  const text = message.replaceAll("\n", " ").trim();
  const [, command, code] = /^The command '(.+)' returned a non-zero code: (\d+)$/.exec(text) ?? [];
  if (command !== undefined && code !== undefined) {
    const said = lastLine === "" ? "" : `: ${shortened(lastLine, 300)}`;
    const killed =
      code === "137"
        ? ` (killed, most often since it wanted more than the ${megabytes(limits.memoryBytes)} of memory that it may have)`
        : "";
    return new StepFailed(Number(code), `the step ${shortened(command, 200)} ended with ${code}${killed}${said}`);
  }
  if (partsFault.test(text)) return new Error(`the engine could not build: ${shortened(text, 400)}`);
  return new BuildFault("build_step_failed", `the Dockerfile cannot be built: ${shortened(text, 400)}`);
}

/** A RUN that did not end with 0. */
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
