import { BuildFault } from "../image-builder.ts";
import type { Instruction } from "./read-dockerfile.ts";

/** Instructions whose words are looked at: they say what an engine fetches or stands on. */
const looking = ["FROM", "ADD"];

/** Refuses what an engine may read otherwise than `readDockerfile`, before it is read: what is checked must be what is
 *  built, and engines differ. Throws `dockerfile_refused` with the first line that is not plain. */
export function refuseAmbiguousLines(text: string): void {
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  let continues: number | null = null;
  for (const [index, line] of lines.entries()) {
    // Go's idea of white space and of the end of a line is not JavaScript's.
    if (/[^\P{Cc}\t]|[\u2028\u2029\ufeff]/u.test(line))
      refuse(index + 1, "it holds a control character: only tabs and line ends are taken");
    if (/^\s*#\s*escape\s*=/i.test(line))
      refuse(index + 1, "the escape directive is not taken: a backslash continues a line");
    if (!/^\s*#/.test(line) && /\\\\[ \t]*$/.test(line))
      refuse(index + 1, "it ends in two backslashes, which continue a line in some engines only");
    if (!/^\s*(?:#|$)/.test(line)) continues = /\\[ \t]*$/.test(line) ? index + 1 : null;
  }
  // What is laid after it, such as our labels, would be a part of it.
  if (continues !== null) refuse(continues, "it ends in a backslash, and no line follows");
}

/** As the engine takes quotes and escapes out of flags and words, after which they are others. */
export function refuseAmbiguousWords({ name, flags, rest, line }: Instruction): void {
  const odd = flags.find((flag) => !/^[\x21-\x7e]+$/.test(flag) || /["'\\]/.test(flag));
  if (odd !== undefined) refuse(line, "its flags are to be plain: no quotes, no backslashes, no other alphabet");
  if (/^--(?:\s|$)/.test(rest)) refuse(line, "-- alone has no meaning: leave it out");
  if (!looking.includes(name)) return;
  const isList = name === "ADD" && isListOfStrings(rest);
  if (rest.includes("\\") || (!isList && /^\[|["']/.test(rest)))
    refuse(
      line,
      `${name} takes words without quotes and backslashes${name === "ADD" ? ', or a list (["a b", "c"])' : ""}`,
    );
}

function isListOfStrings(text: string): boolean {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.every((item) => typeof item === "string");
  } catch {
    return false;
  }
}

function refuse(line: number, reason: string): never {
  throw new BuildFault("dockerfile_refused", `the Dockerfile's line ${line}: ${reason}`);
}
