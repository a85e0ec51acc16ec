import { readLog } from "#core/images/engine/run-container.ts";
import type { Redact } from "#core/redact.ts";
import type { Container } from "./server-under-test.ts";

/** For what a container that is about to be removed still has to tell. */
export const lastWordsMs = 10_000;
const kept = { lines: 200, characters: 64 * 1024 };

/** The last lines that it wrote, without secrets. */
export async function readLastWords(container: Container, redact: Redact): Promise<string> {
  return redact(await readLog(container, kept.lines, AbortSignal.timeout(lastWordsMs)));
}

/** What is put on record of that. Cut afterwards: of a secret that is cut through a half would stay. */
export function keptWords(text: string): string {
  return text.slice(-kept.characters).toWellFormed();
}
