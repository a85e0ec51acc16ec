/** What uv says about a failure, in one line: its title and the chain of causes, without its hints and its progress.
 *
 *      error: No solution found when resolving dependencies        × No solution found when resolving dependencies:
 *        cause: Because a==1 depends on b>2 and you require          ╰─▶ Because a==1 depends on b>2 and you require
 *               b<2, we can conclude that …                              b<2, we can conclude that …
 */
export interface UvReason {
  title: string;
  /** Empty where uv gives none. */
  causes: string[];
}

const causeMark = /^(?:cause:|[├╰╭│]?─▶)\s*/;
const longestLine = 600;

export function uvReason(stderr: string): UvReason {
  const lines = stderr.split("\n");
  const start = lines.findIndex((line) => /^\s*(?:error:|×|x )/.test(line));
  const paragraph: string[] = [];
  for (const line of lines.slice(Math.max(start, 0))) {
    if (/^(?:hint:|Usage:|For more information)/.test(line.trim())) break;
    if (line.trim() !== "") paragraph.push(line.trim().replace(/^│\s*/, ""));
  }
  const [title = "no message", ...rest] = paragraph;
  const causes: string[] = [];
  for (const line of rest) {
    if (causeMark.test(line)) causes.push(line.replace(causeMark, ""));
    else if (causes.length > 0) causes.push(`${causes.pop()} ${line}`);
  }
  return { title: title.replace(/^(?:error:|×|x )\s*/, "").replace(/:$/, ""), causes };
}

/** The causes, or the title where there are none. */
export function reasonLine({ title, causes }: UvReason): string {
  const line = (causes.length === 0 ? title : causes.join(": ")).replaceAll("requirements.in", "requirements");
  return line.length > longestLine ? `${line.slice(0, longestLine)}…` : line;
}
