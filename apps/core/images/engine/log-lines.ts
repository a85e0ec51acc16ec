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
