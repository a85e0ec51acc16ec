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

function parseRow(line: string): EngineRow | null {
  if (line.trim() === "") return null;
  try {
    const row: unknown = JSON.parse(line);
    return typeof row === "object" && row !== null ? row : null;
  } catch {
    return null;
  }
}
