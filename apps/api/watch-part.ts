import { reasonOf } from "#core/errors.ts";
import type { Logger } from "#core/logger.ts";
import { within } from "#core/within.ts";

export interface Part {
  name: string;
  status: "ok" | "down" | "unknown";
  message: string | null;
  /** When it was first seen down (RFC 3339); null while it is well. */
  since: string | null;
}

/** What is to be said of a part that answers. */
export interface Finding {
  down: boolean;
  message: string | null;
  /** Where the part knows better than we, who only saw it. */
  since?: Date | null;
}

export const well: Finding = { down: false, message: null };

interface WatchOptions {
  log: Logger;
  limitMs: number;
  /** For a part that another one speaks of: what to say of it while that one does not. */
  hearsay?: string | null;
}

/** Asks a part, waits no longer than `limitMs`, and remembers since when it is down. A part that does not answer is not asked
 *  again before it has: what hangs does not pile up. What `ask` throws is for the log, since anybody may ask this. */
export function watchPart(
  name: string,
  ask: () => Promise<Finding>,
  { log, limitMs, hearsay = null }: WatchOptions,
): () => Promise<Part> {
  let asked: Promise<Finding> | null = null;
  let downSince: Date | null = null;

  const find = async (): Promise<(Finding & { reason: string | null }) | null> => {
    asked ??= ask().finally(() => {
      asked = null;
    });
    try {
      const finding = await within(limitMs, asked);
      return { ...finding, reason: finding.message };
    } catch (error) {
      if (hearsay !== null) return null;
      return { down: true, message: "does not answer; the log says why", reason: reasonOf(error) };
    }
  };
  return async () => {
    const found = await find();
    if (found === null) return { name, status: "unknown", message: hearsay, since: null };
    const { down, message, since, reason } = found;
    if (!down) {
      if (downSince !== null) log.info({ name, since: downSince }, "a part is back");
      downSince = null;
      return { name, status: "ok", message, since: null };
    }
    if (downSince === null) log.warn({ name, error: reason }, "a part is down");
    downSince = since ?? downSince ?? new Date();
    return { name, status: "down", message, since: downSince.toISOString() };
  };
}
