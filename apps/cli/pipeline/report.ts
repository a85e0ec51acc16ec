import { appendFileSync } from "node:fs";
import { Failure } from "../failure.ts";
import { inMarkdown } from "./markdown.ts";

/*
 * What a pipeline takes over from a command, appended to files that are named:
 *
 *   --summary FILE   Markdown: $GITHUB_STEP_SUMMARY, an artifact, a comment
 *   --outputs FILE   lines NAME=value: $GITHUB_OUTPUT, GitLab's dotenv report, `. FILE` in a shell
 */
export interface Reporting {
  summary?: string;
  outputs?: string;
}

/** No value of ours holds a character that a shell or a runner would read as its own. */
const plainValue = /^[\w.:/@[\]-]+$/;

/** Values that are null are left out. */
export function report(
  { summary, outputs }: Reporting,
  markdown: string,
  values: Record<string, string | null | undefined>,
): void {
  if (summary !== undefined) append(summary, `${markdown.trimEnd()}\n\n`);
  if (outputs === undefined) return;
  const lines = Object.entries(values).flatMap(([name, value]) => {
    if (value === null || value === undefined) return [];
    if (!plainValue.test(value)) throw new Failure("failed", `${name} is no plain text: ${JSON.stringify(value)}`);
    return [`${name}=${value}\n`];
  });
  append(outputs, lines.join(""));
}

/** Why it failed is in the summary, too. */
export async function reported<Done>(reporting: Reporting, failed: string, work: () => Promise<Done>): Promise<Done> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const faults = (error.about.faults ?? []).map(
      ({ where, message }) => `- ${inMarkdown(where === undefined ? message : `${where}: ${message}`)}\n`,
    );
    const { summary } = reporting;
    const why = `# ${failed}\n\n${inMarkdown(error.message)}\n\n${faults.join("")}`;
    report(summary === undefined ? {} : { summary }, why, {});
    throw error;
  }
}

function append(path: string, text: string): void {
  try {
    appendFileSync(path, text);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Failure("usage", `${path} cannot be written to (${code}): name another file`, { cause: error });
  }
}
