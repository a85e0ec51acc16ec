import { messageOf } from "#core/errors.ts";
import { within } from "#core/within.ts";
import type { Engine } from "./open-engine.ts";

const pingLimitMs = 5_000;

/** Null where the engine answers, else one line that says that it does not. */
export async function whyNoEngine({ docker, host }: Engine): Promise<string | null> {
  try {
    await within(pingLimitMs, docker.ping());
    return null;
  } catch (error) {
    return `no Docker Engine answers at ${host} (${messageOf(error)})`;
  }
}

/** Throws where no engine answers: a part's fault, which is tried again. */
export async function requireEngine(engine: Engine): Promise<void> {
  const absence = await whyNoEngine(engine);
  if (absence !== null) throw new Error(`${absence}, and this package needs one`);
}

/** The status of an answer that was none; null for what is no answer of the engine. */
export function statusOf(error: unknown): number | null {
  const status = error instanceof Error && "statusCode" in error ? error.statusCode : null;
  return typeof status === "number" ? status : null;
}

/** The engine's own words: dockerode puts `(HTTP code 404) no such container - ` before them. */
export function wordsOf(error: unknown): string {
  return messageOf(error)
    .replace(/^\(HTTP code \d+\) [^-]*- /, "")
    .trim();
}
