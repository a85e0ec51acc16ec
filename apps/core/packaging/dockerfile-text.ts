/*
 * Instructions of a Dockerfile from words that others wrote. None can end its instruction or mean more than itself:
 *
 *   KEY="value"      `\`, `"` and `$` are escaped; a line break cannot be written and becomes a blank
 *   ["word", …]      JSON (exec form): no shell reads it
 *
 * https://docs.docker.com/reference/dockerfile/
 */

/** `ENV NAME="value"`, `LABEL "name"="value"`. A name holds no `=`: that of a variable or a label does not. */
export function assignments(instruction: "ENV" | "LABEL", values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).map(([name, value]) => `${instruction} ${quoted(name)}=${quoted(value)}`);
}

/** `RUN ["word", …]`. For words that hold no `$` where the instruction is COPY, which expands variables. */
export function execForm(instruction: string, words: readonly string[]): string {
  return `${instruction} [${words.map((word) => JSON.stringify(word)).join(", ")}]`;
}

/** Whether a value can be written as it is. */
export function fitsDockerfile(value: string): boolean {
  return !breaks.test(value);
}

/** What some reader of lines takes for an end of line, and other control characters with it. */
const breaks = /[\p{Cc}\u2028\u2029]/u;

function quoted(text: string): string {
  const plain = text.toWellFormed().replace(new RegExp(breaks.source, "gu"), " ");
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(plain) ? plain : `"${plain.replace(/[\\"$]/g, "\\$&")}"`;
}
