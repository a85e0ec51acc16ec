/*
 * As much of a Dockerfile as is needed to see what it stands on and what it fetches by itself, read as the engine's
 * classic builder does (moby, builder/dockerfile; buildkit, frontend/dockerfile/parser). Where that is hard to do, the text
 * is refused instead (refuse-ambiguous.ts):
 *
 *   INSTRUCTION [--flag …] rest    continued after a backslash at the end of a line; comments and blank lines within it
 *                                  are passed over
 */
export interface Instruction {
  /** Upper case. */
  name: string;
  flags: string[];
  /** What follows; one line. */
  rest: string;
  /** Of its first and its last line, from 1. */
  line: number;
  lastLine: number;
}

const continued = /\\[ \t]*$/;

export function readDockerfile(text: string): Instruction[] {
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  const instructions: Instruction[] = [];
  let held: { text: string; line: number } | null = null;
  for (const [index, line] of lines.entries()) {
    if (/^\s*(?:#.*)?$/.test(line)) continue;
    const joined: { text: string; line: number } = { text: (held?.text ?? "") + line, line: held?.line ?? index + 1 };
    if (continued.test(line)) {
      held = { ...joined, text: joined.text.replace(continued, "") };
      continue;
    }
    held = null;
    instructions.push(instructionOf(joined.text, joined.line, index + 1));
  }
  if (held !== null) instructions.push(instructionOf(held.text, held.line, lines.length));
  return instructions;
}

function instructionOf(text: string, line: number, lastLine: number): Instruction {
  const [, name = "", after = ""] = /^\s*(\S+)\s*([\s\S]*)$/.exec(text) ?? [];
  const flags: string[] = [];
  let rest = after.trim();
  for (let flag = /^--\S+/.exec(rest)?.[0]; flag !== undefined; flag = /^--\S+/.exec(rest)?.[0]) {
    flags.push(flag);
    rest = rest.slice(flag.length).trimStart();
  }
  return { name: name.toUpperCase(), flags, rest, line, lastLine };
}

/** Arguments of ADD and COPY: words, or a list in JSON. */
export function wordsOf({ rest }: Instruction): string[] {
  if (rest.startsWith("[")) {
    try {
      const words: unknown = JSON.parse(rest);
      if (Array.isArray(words) && words.every((word) => typeof word === "string")) return words;
    } catch {
      // Then the builder takes it for words as well.
    }
  }
  return rest.split(/\s+/).filter((word) => word !== "");
}
