import { execFileSync } from "node:child_process";
import { pageBlocks } from "./page-blocks.ts";

/** Runs the Python of docs/events.md that has these words, with more after it, as somebody who copied it would. Returns what
 *  it prints; throws where it ends otherwise than well. */
export function runEventsSample(words: string, { input, then = "" }: { input: string; then?: string }): string {
  const samples = pageBlocks("docs/events.md", "python").map(({ text }) => text);
  const [sample, ...more] = samples.filter((text) => text.includes(words));
  if (sample === undefined || more.length > 0)
    throw new Error(`docs/events.md has no sample, or several, with ${words}`);
  return execFileSync("python3", ["-c", `${sample}\n${then}`], { input, encoding: "utf8", stdio: "pipe" });
}
