/*
 * What an engine says while it works: JSON objects, one a line (NDJSON), in the body of an answer whose status was sent
 * before anything went wrong. So an error is a row like any other, and an end without a result is no success.
 */
import type { Readable } from "node:stream";

/** The fields that are read of a row. */
export interface EngineRow {
  stream?: string;
  status?: string;
  id?: string;
  error?: string;
  errorDetail?: { message?: string; code?: number };
  /** The classic builder's result. */
  aux?: { ID?: string };
}

/** No honest row is longer. */
const longestRow = 1024 * 1024;

/** Reads rows to the real end of the body. A row that is no JSON, or is too long, is passed over: the end decides. */
export async function* readRows(body: Readable): AsyncGenerator<EngineRow> {
  const decoder = new TextDecoder();
  let held = "";
  let dropping = false;
  for await (const chunk of body) {
    const lines = (held + decoder.decode(chunk as Buffer, { stream: true })).split("\n");
    held = lines.pop() ?? "";
    for (const line of lines) {
      const row = dropping ? null : parseRow(line);
      dropping = false;
      if (row !== null) yield row;
    }
    if (held.length > longestRow) {
      held = "";
      dropping = true;
    }
  }
  const last = dropping ? null : parseRow(held + decoder.decode());
  if (last !== null) yield last;
}

/** Reads rows that say nothing but how far it is, to the end. Throws the error that one has, and why `signal` aborted. */
export async function throughRows(body: Readable, signal: AbortSignal): Promise<void> {
  const stop = () => body.destroy(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    for await (const { error } of readRows(body)) if (typeof error === "string") throw new Error(error);
    signal.throwIfAborted();
  } finally {
    signal.removeEventListener("abort", stop);
    body.on("error", () => {}).destroy();
  }
}

function parseRow(line: string): EngineRow | null {
  if (line.trim() === "") return null;
  try {
    const row: unknown = JSON.parse(line);
    return typeof row === "object" && row !== null ? row : null;
  } catch {
    return null;
  }
}
